// Cosines of pairs drawn at random: what ordinary pairs look like.
#pragma once

#include <cstdint>
#include <vector>

#include "mining/feature_rows.h"

namespace eyechart::mining {

/// Cosines in both spaces of the same pairs, in float32.
struct PairSample {
  std::vector<float> near;
  std::vector<float> far;
  bool all = false;  // every pair there is, each once

  std::int64_t size() const { return static_cast<std::int64_t>(near.size()); }
};

/// Draws `count` pairs of two different rows with replacement, all pairs where
/// there are no more than `count`. The draw depends on the seed and the number
/// of rows alone.
PairSample DrawPairs(const FeatureRows& near_rows,
                     const FeatureRows& far_rows,
                     std::int64_t count,
                     std::uint64_t seed);

/// The cosine that a share `q` of the sample's cosines in one space does not
/// exceed: the order statistic of rank ceil(q n), to five decimals, for a
/// threshold is to be read and written. Throws InputError, naming
/// `flag`, where fewer than 100 of a sample would lie beyond it on the rarer
/// side; of all pairs there are any quantile is known.
double SampleQuantile(const PairSample& sample,
                      const std::vector<float>& cosines,
                      double q,
                      const char* flag);

}  // namespace eyechart::mining
