// Which samples queries ask for, and when queries come: all of it from seeds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"

namespace eyechart::benchmarks {

/// `wanted` of `available` samples (0 or too many: all), drawn without
/// replacement, ascending.
std::vector<std::int64_t> DrawSubset(std::int64_t available,
                                     std::int64_t wanted,
                                     std::uint64_t seed);

/// Goes through its samples in passes, each in a new order: every sample comes
/// equally often, give or take one, so that two runs differ less than with
/// LoadGen's draws with replacement.
class SampleOrder {
 public:
  /// At least one sample.
  SampleOrder(std::span<const std::int64_t> samples, std::uint64_t seed);
  std::int64_t Next();

 private:
  std::vector<std::int64_t> pass_;
  std::size_t place_;
  Random random_;
};

/// Arrival times of a Poisson process of `rate` a second, in ns from the start,
/// ascending: gaps are exponential (inverse of the distribution function). As
/// many as needed until both `min_count` and `min_seconds` are reached. Throws
/// InputError where that is more than `max_count`.
std::vector<std::int64_t> PoissonArrivals(double rate,
                                          std::int64_t min_count,
                                          double min_seconds,
                                          std::int64_t max_count,
                                          std::uint64_t seed);

}  // namespace eyechart::benchmarks
