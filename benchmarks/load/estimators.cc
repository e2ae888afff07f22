#include "benchmarks/load/estimators.h"

#include <algorithm>
#include <cmath>

#include "benchmarks/load/binomial.h"
#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

// A percentage in whole thousandths.
std::uint64_t Thousandths(double percent) {
  EYECHART_CHECK(percent > 0 && percent < 100, "percentile {}", percent);
  return static_cast<std::uint64_t>(std::llround(percent * 1000));
}

// The largest k in [-1, n] with P(Binomial(n, p) <= k) <= tail.
std::int64_t LargestBelow(std::int64_t n, double p, double tail) {
  std::int64_t low = -1, high = n;  // P at n is 1
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (BinomialCdf(middle, n, p) <= tail ? low : high) = middle;
  }
  return low;
}

}  // namespace

std::string_view PercentileMethodName(PercentileMethod method) {
  return method == PercentileMethod::kMlperf ? "mlperf" : "nearest-rank";
}

PercentileMethod ParsePercentileMethod(std::string_view name) {
  for (const auto method :
       {PercentileMethod::kNearestRank, PercentileMethod::kMlperf})
    if (PercentileMethodName(method) == name) return method;
  ThrowInput("percentile method \"{}\" is not one of: nearest-rank, mlperf",
             name);
}

std::size_t PercentileRank(std::size_t n,
                           double percent,
                           PercentileMethod method) {
  EYECHART_CHECK(n > 0, "the percentile of nothing");
  const std::uint64_t parts = Thousandths(percent);
  if (method == PercentileMethod::kMlperf) {
    // As LoadGen does it, rounding of the product and all.
    const auto index =
        static_cast<std::size_t>(static_cast<double>(n) * (percent / 100));
    return std::min(index + 1, n);
  }
  const std::uint64_t rank =
      (static_cast<std::uint64_t>(n) * parts + 99'999) / 100'000;
  return std::clamp<std::size_t>(rank, 1, n);
}

std::int64_t AllowedOver(std::int64_t n, double percent, double confidence) {
  return LargestBelow(n, 1 - percent / 100, 1 - confidence);
}

std::int64_t MinSamples(double percent, double confidence) {
  EYECHART_CHECK(
      percent > 0 && percent < 100 && confidence > 0 && confidence < 1,
      "percentile {} at {}", percent, confidence);
  const double p = 1 - percent / 100;
  std::int64_t low = 1, high = 2;  // too few; perhaps enough
  while (BinomialCdf(1, high, p) > 1 - confidence) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (BinomialCdf(1, middle, p) <= 1 - confidence ? high : low) = middle;
  }
  return high;
}

std::optional<std::pair<std::size_t, std::size_t>> QuantileRanks(std::size_t n,
                                                                 double q,
                                                                 double level) {
  EYECHART_CHECK(q > 0 && q < 1 && level > 0 && level < 1,
                 "quantile {} at level {}", q, level);
  const auto count = static_cast<std::int64_t>(n);
  const double tail = (1 - level) / 2;
  // B values lie at or under the quantile: it is under the l-th value where B
  // < l, and over the u-th where B >= u, that is where n - B <= n - u.
  const std::int64_t below = LargestBelow(count, q, tail);
  const std::int64_t above = LargestBelow(count, 1 - q, tail);
  if (below < 0 || above < 0) return std::nullopt;
  return std::pair{static_cast<std::size_t>(below + 1),
                   static_cast<std::size_t>(count - above)};
}

Estimate EstimatePercentile(std::span<const double> sorted,
                            double percent,
                            const EstimatorOptions& options) {
  Estimate estimate;
  const auto n = static_cast<std::int64_t>(sorted.size());
  const std::int64_t needed = MinSamples(percent, options.confidence);
  if (n < needed) {
    estimate.reason =
        fmt::format("p{:g} needs {} samples, there are {}", percent, needed, n);
    return estimate;
  }
  const std::size_t rank =
      PercentileRank(sorted.size(), percent, options.method);
  estimate.value = sorted[rank - 1];
  const auto ranks = QuantileRanks(sorted.size(), percent / 100, options.level);
  if (ranks.has_value())
    estimate.ci = Interval{sorted[ranks->first - 1], sorted[ranks->second - 1],
                           options.level, "order statistics"};
  else
    estimate.reason = fmt::format(
        "{} samples are too few for an interval of "
        "p{:g} at level {:g}",
        n, percent, options.level);
  return estimate;
}

Estimate EstimateMedian(std::span<const double> values, double level) {
  Estimate estimate;
  if (values.empty()) {
    estimate.reason = "no samples";
    return estimate;
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  estimate.value = Median(sorted);
  const auto ranks = QuantileRanks(sorted.size(), 0.5, level);
  if (ranks.has_value())
    estimate.ci = Interval{sorted[ranks->first - 1], sorted[ranks->second - 1],
                           level, "order statistics"};
  else
    estimate.reason = fmt::format(
        "{} samples are too few for an interval of the median at level {:g}",
        sorted.size(), level);
  return estimate;
}

LatencyEstimates EstimateLatencies(std::span<const std::int64_t> latencies_ns,
                                   const EstimatorOptions& options) {
  // Doubles hold every nanosecond of a hundred days.
  std::vector<double> sorted(latencies_ns.begin(), latencies_ns.end());
  std::sort(sorted.begin(), sorted.end());
  LatencyEstimates estimates;
  estimates.n = static_cast<std::int64_t>(sorted.size());
  estimates.median = EstimateMedian(sorted, options.level);
  estimates.p90 = EstimatePercentile(sorted, 90, options);
  estimates.p95 = EstimatePercentile(sorted, 95, options);
  estimates.p99 = EstimatePercentile(sorted, 99, options);
  if (sorted.empty()) {
    estimates.min.reason = estimates.max.reason = "no samples";
  } else {
    // No interval: the ends of a sample are not of the population.
    estimates.min.value = sorted.front();
    estimates.max.value = sorted.back();
  }
  return estimates;
}

}  // namespace eyechart::benchmarks
