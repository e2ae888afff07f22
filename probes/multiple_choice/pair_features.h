// How far apart an encoder sees the two pictures of a pair: what can be said of
// encoders without words.
#pragma once

#include <cstdint>

#include "core/statistics.h"
#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/embeddings.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

struct PairFeatureOptions {
  /// Pairs of different pictures that are not one pair, drawn at random; where
  /// there are no more than that, all of them are taken.
  std::int64_t random_pairs = 10'000;
  std::uint64_t seed = 0;
};

/// Sets cosine and rank of each pair in `result`. The rank is the share of the
/// random pairs with a lower cosine, equal ones half: 1 means nearer than all,
/// 0.5 like any two pictures. NaN for pairs with an unreadable picture.
void AddPairFeatures(const Benchmark& benchmark,
                     const Embeddings& pictures,
                     const PairFeatureOptions& options,
                     Result& result);

/// A mean over pairs where the value is a number, with its bootstrap interval.
struct PairMean {
  std::int64_t n = 0;
  double mean = 0;  // NaN of none
  Interval ci;
};

PairMean MeanCosine(const Result& result);
PairMean MeanRank(const Result& result);

}  // namespace eyechart::multiple_choice
