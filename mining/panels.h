// The blocked upper triangle that the exact engine walks.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/progress.h"
#include "mining/pair_engine.h"

namespace eyechart::mining {

/// Rows of `width` float32 values whose dot products are to be compared.
struct PanelSource {
  std::int64_t count = 0;
  std::int64_t width = 0;
  /// Fills `out` (n x width, row-major) with rows [begin, begin + n).
  std::function<void(std::int64_t begin, std::int64_t n, float* out)> load;
};

/// Proposes every pair of rows whose dot product, computed in float32, is
/// above `threshold`. `dot_is_cosine`: hand the product on as the candidate's
/// cosine, else the cosine is unknown.
///
/// A panel of rows stays while panels of columns pass by; their product is made
/// a tile at a time and read while it is in cache, so that neither the N x N
/// matrix nor a second copy of the features ever exists.
///
/// A unit is a square of options.unit_rows in the upper triangle, numbered row
/// by row of squares.
void SearchPanels(const PanelSource& source,
                  float threshold,
                  bool dot_is_cosine,
                  const EngineOptions& options,
                  const CandidateSink& sink,
                  SearchLog& log,
                  Progress& progress);

}  // namespace eyechart::mining
