// What is said of a sample of latencies: order statistics with intervals that
// assume no distribution, and nothing that the sample is too small for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/statistics.h"

namespace eyechart::benchmarks {

enum class PercentileMethod {
  kNearestRank,  // the ceil(n p)-th smallest
  kMlperf,       // LoadGen's sorted[n * p], the next one up where n p is whole
};

std::string_view PercentileMethodName(PercentileMethod method);
/// "nearest-rank" or "mlperf". Throws InputError for another.
PercentileMethod ParsePercentileMethod(std::string_view name);

struct EstimatorOptions {
  PercentileMethod method = PercentileMethod::kNearestRank;
  double level = 0.95;  // of intervals
  // Confidence that a percentile is not over its estimate's upper neighbours:
  // what sample sizes are derived from. MLPerf's early stopping takes 0.99.
  double confidence = 0.99;
};

/// Rank (from 1) that stands for the percentile of n >= 1 sorted values, 0 <
/// percent < 100. Nearest rank multiplies whole numbers before it divides
/// (percent to a thousandth): 0.9 * 10 in floating point may end above 9.
std::size_t PercentileRank(std::size_t n,
                           double percent,
                           PercentileMethod method);

/// Most values that may lie over a bound for n values to show, with the
/// confidence given, that the percentile does not: the largest t with
/// P(Binomial(n, 1 - p) <= t) <= 1 - confidence; -1 where not even 0 will do.
/// MLPerf's early stopping (loadgen/early_stopping.cc) with tolerance 0.
std::int64_t AllowedOver(std::int64_t n, double percent, double confidence);

/// Fewest values that carry a percentile: from here on AllowedOver() is 1, so
/// that its upper bound is a value other than the largest and one freak does
/// not make it. 64 for p90, 130 for p95, 662 for p99 at 0.99.
std::int64_t MinSamples(double percent, double confidence = 0.99);

/// Ranks (from 1) of the values that enclose the quantile q of the population
/// with at least `level`: the narrowest with each tail of the binomial at most
/// (1 - level) / 2 (David and Nagaraja, Order Statistics, 7.1). None where the
/// sample is too small.
std::optional<std::pair<std::size_t, std::size_t>> QuantileRanks(std::size_t n,
                                                                 double q,
                                                                 double level);

/// A number, its interval, or why there is none.
struct Estimate {
  std::optional<double> value;
  std::optional<Interval> ci;
  std::string reason;  // of what is missing
};

/// Of sorted values, which may be none.
Estimate EstimatePercentile(std::span<const double> sorted,
                            double percent,
                            const EstimatorOptions& options = {});

/// Mean of the middle two, with the interval of the median, from 6 values on at
/// 95 %. Values need no order.
Estimate EstimateMedian(std::span<const double> values, double level = 0.95);

struct LatencyEstimates {
  std::int64_t n = 0;
  Estimate min, median, p90, p95, p99, max;  // ns
};

LatencyEstimates EstimateLatencies(std::span<const std::int64_t> latencies_ns,
                                   const EstimatorOptions& options = {});

}  // namespace eyechart::benchmarks
