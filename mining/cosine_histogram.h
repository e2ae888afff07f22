// How the pairs of a data set lie in both spaces at once.
#pragma once

#include <cstdint>
#include <vector>

#include "mining/cosine_grid.h"
#include "mining/pair_sample.h"

namespace eyechart::mining {

/// Pairs by near and far cosine. Cell (i, j) holds the pairs with near cosine
/// in (near_edges[i], near_edges[i + 1]] and far cosine in [far_edges[j],
/// far_edges[j + 1]).
struct CosineHistogram {
  std::vector<double> near_edges;  // cosines, ascending
  std::vector<double> far_edges;
  std::vector<double> counts;  // row-major near x far, estimated pairs
  /// Near cosine above which counts are exact; below it they are sampled.
  double exact_from = 0;
  std::int64_t sampled = 0;  // pairs in the sample
};

/// Cells of 0.01 near and 0.02 far from the least to the greatest cosine that
/// occurs: above the grid's least near edge what was counted, below it the
/// sample, scaled to `pairs`.
CosineHistogram MakeHistogram(const CosineGrid& grid,
                              const std::vector<std::int64_t>& counts,
                              const PairSample& sample,
                              std::int64_t pairs);

}  // namespace eyechart::mining
