#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "reports/gate/estimate.h"
#include "reports/gate/estimate_parts.h"
#include "reports/gate/rank_tests.h"

namespace eyechart::reports {
namespace {

double Linked(Link link, double sum) {
  switch (link) {
    case Link::kRoot:
      return std::sqrt(std::max(0.0, sum));
    case Link::kOneMinus:
      return 1 - sum;
    case Link::kIdentity:
      break;
  }
  return sum;
}

// Right or wrong, and of the same weight each.
bool AreOutcomes(const PairedItems& items) {
  const auto is_flag = [](double value) { return value == 0 || value == 1; };
  const double weight = items.weights.empty() ? 0 : items.weights.front();
  return items.link == Link::kIdentity &&
         std::ranges::all_of(items.baseline, is_flag) &&
         std::ranges::all_of(items.candidate, is_flag) &&
         std::ranges::all_of(items.weights, [weight](double w) {
           return std::abs(w - weight) <= 1e-12 * weight;
         });
}

// The least loss found with Newcombe's interval and exact McNemar: the loss
// flips right answers to wrong on top of the discordance seen. Normal
// approximation of the difference of the discordant counts, with half a step of
// two for its discreteness.
double LeastOutcomeLoss(std::int64_t discordant,
                        std::int64_t count,
                        double margin,
                        double p) {
  const auto n = static_cast<double>(count);
  const double noise = static_cast<double>(discordant) / n;
  const double z = NormalQuantile(1 - p / 2);
  const double power = NormalQuantile(kPower);
  const auto found = [&](double loss) {
    const double share = std::min(1.0, noise + loss);
    const double deviation = std::sqrt(n * std::max(0.0, share - loss * loss));
    const double critical =
        std::max(z * std::sqrt(n * share) + 1, n * margin + z * deviation + 1);
    // Newcombe's interval is that much wider near certainty.
    return n * loss >= critical + power * deviation + z * z / 4;
  };
  if (!found(1)) return std::numeric_limits<double>::quiet_NaN();
  double low = 0;
  double high = 1;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (found(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

CellEstimate EstimateOutcomes(std::int64_t both,
                              std::int64_t only_baseline,
                              std::int64_t only_candidate,
                              std::int64_t neither) {
  const std::int64_t n = both + only_baseline + only_candidate + neither;
  EYECHART_CHECK(n > 0, "no items");
  const std::int64_t discordant = only_baseline + only_candidate;
  CellEstimate estimate;
  const auto share = [n](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(n);
  };
  estimate.baseline = share(both + only_baseline);
  estimate.candidate = share(both + only_candidate);
  estimate.difference = share(only_candidate - only_baseline);
  estimate.n = n;
  estimate.test = "mcnemar exact";
  estimate.paired = true;
  estimate.identical = discordant == 0;
  estimate.p = McNemarExactP(only_baseline, only_candidate);
  // All items may turn from right to wrong.
  estimate.least_p = std::exp2(1 - static_cast<double>(n));
  estimate.interval = [=](double level) {
    return PairedDifferenceInterval(both, only_baseline, only_candidate,
                                    neither, level);
  };
  estimate.least_loss = [discordant, n](double margin, double p) {
    return LeastOutcomeLoss(discordant, n, margin, p);
  };
  return estimate;
}

double MetricOf(const PairedItems& items, std::span<const double> values) {
  return Linked(items.link, std::inner_product(values.begin(), values.end(),
                                               items.weights.begin(), 0.0));
}

CellEstimate EstimateItems(const PairedItems& items,
                           const ResampleOptions& options) {
  const std::size_t n = items.baseline.size();
  EYECHART_CHECK(
      n > 0 && items.candidate.size() == n && items.weights.size() == n,
      "{} and {} items", n, items.candidate.size());
  if (AreOutcomes(items)) {
    std::int64_t counts[2][2] = {{0, 0}, {0, 0}};
    for (std::size_t i = 0; i < n; ++i)
      ++counts[items.baseline[i] != 0 ? 1 : 0][items.candidate[i] != 0 ? 1 : 0];
    return EstimateOutcomes(counts[1][1], counts[1][0], counts[0][1],
                            counts[0][0]);
  }
  CellEstimate estimate;
  estimate.baseline = MetricOf(items, items.baseline);
  estimate.candidate = MetricOf(items, items.candidate);
  estimate.difference = estimate.candidate - estimate.baseline;
  estimate.n = static_cast<std::int64_t>(n);
  estimate.test = "sign-flip, paired bootstrap";
  estimate.paired = true;
  std::vector<double> differences(n);
  for (std::size_t i = 0; i < n; ++i)
    differences[i] =
        items.weights[i] * (items.candidate[i] - items.baseline[i]);
  estimate.p = SignFlipP(differences);
  estimate.least_p = LeastSignFlipP(differences);
  const auto statistic = [&items](std::span<const std::uint32_t> rows) {
    double baseline = 0;
    double candidate = 0;
    for (const std::uint32_t row : rows) {
      baseline += items.weights[row] * items.baseline[row];
      candidate += items.weights[row] * items.candidate[row];
    }
    return Linked(items.link, candidate) - Linked(items.link, baseline);
  };
  const Resampled resampled = Resample(items.strata, statistic, options);
  estimate.interval = [resampled](double level) { return resampled.At(level); };
  const auto nonzero = static_cast<std::size_t>(
      std::ranges::count_if(differences, [](double d) { return d != 0; }));
  estimate.identical = nonzero == 0;
  estimate.least_loss = LeastLoss(estimate.interval, estimate.difference,
                                  estimate.least_p, nonzero);
  return estimate;
}

CellEstimate EstimateIntervals(double baseline,
                               const Interval& baseline_ci,
                               double candidate,
                               const Interval& candidate_ci) {
  CellEstimate estimate;
  estimate.baseline = baseline;
  estimate.candidate = candidate;
  const double difference = candidate - baseline;
  estimate.difference = difference;
  estimate.test = "unpaired, intervals of both";
  estimate.identical = difference == 0 && baseline_ci.low == candidate_ci.low &&
                       baseline_ci.high == candidate_ci.high;
  const auto unit = [](const Interval& ci) {
    return NormalQuantile(0.5 + ci.level / 2);
  };
  // Distances in standard deviations, so that the intervals may have different
  // levels.
  const auto below = [&](double value, const Interval& ci) {
    return std::max(0.0, value - ci.low) / unit(ci);
  };
  const auto above = [&](double value, const Interval& ci) {
    return std::max(0.0, ci.high - value) / unit(ci);
  };
  const double down =
      std::hypot(below(candidate, candidate_ci), above(baseline, baseline_ci));
  const double up =
      std::hypot(above(candidate, candidate_ci), below(baseline, baseline_ci));
  const double toward_zero = difference > 0 ? down : up;
  estimate.p =
      difference == 0 ? 1
      : toward_zero > 0
          ? std::erfc(std::abs(difference) / toward_zero / std::sqrt(2.0))
          : 0;
  estimate.interval = [=](double level) {
    const double z = NormalQuantile(0.5 + level / 2);
    return Interval{difference - z * down, difference + z * up, level,
                    "independent intervals"};
  };
  estimate.least_loss = LeastLoss(estimate.interval, difference, 0,
                                  std::numeric_limits<std::size_t>::max());
  return estimate;
}

CellEstimate EstimateValues(double baseline, double candidate, bool exact) {
  CellEstimate estimate;
  estimate.baseline = baseline;
  estimate.candidate = candidate;
  const double difference = candidate - baseline;
  estimate.difference = difference;
  estimate.test = exact ? "exact values" : "none";
  if (!exact) return estimate;
  estimate.interval = [difference](double level) {
    return Interval{difference, difference, level, "exact values"};
  };
  estimate.least_loss = [](double margin, double) { return margin; };
  return estimate;
}

}  // namespace eyechart::reports
