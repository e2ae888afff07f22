// How many cells a row must look into, measured on a sample.
#pragma once

#include <cstdint>
#include <optional>

#include "core/progress.h"
#include "mining/feature_rows.h"
#include "mining/ivf_cells.h"

namespace eyechart::mining {

struct ProbeChoiceOptions {
  double near_min = 0.95;  // cosine; pairs above it are wanted
  double recall = 0.999;   // share of them to be found
  /// Rows whose near pairs are looked up exactly: one of 25, which costs less
  /// than a tenth of an exhaustive search, within these bounds.
  std::int64_t least_rows = 500;
  std::int64_t most_rows = 2000;
  std::int64_t most_pairs = 40'000;  // of them that are ranked
  std::int64_t most_probes = 256;
  std::uint64_t seed = 0;
};

struct ProbeChoice {
  std::int64_t probes = 8;  // where the sample says nothing
  /// Of pairs that had no part in the choice; none without near pairs.
  std::optional<double> recall;
  std::int64_t sampled_pairs = 0;  // that the estimate rests on
  std::int64_t products = 0;       // dot products made
};

/// A pair is found when either row looks into the other's cell, so that the
/// recall for any number of probes follows from the ranks of the two cells.
/// Half of the sample chooses: twice the least number for which no more than
/// half of the misses that are allowed occur. The other half measures.
ProbeChoice ChooseProbes(const FeatureRows& rows,
                         const IvfCells& cells,
                         const ProbeChoiceOptions& options,
                         Progress& progress);

}  // namespace eyechart::mining
