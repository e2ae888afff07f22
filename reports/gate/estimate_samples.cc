#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "reports/gate/estimate.h"
#include "reports/gate/estimate_parts.h"
#include "reports/gate/rank_tests.h"

namespace eyechart::reports {
namespace {

// An interval of ln(ratio) as one of the difference.
std::function<Interval(double)> DifferenceOf(Resampled log_ratios,
                                             double baseline) {
  return [log_ratios = std::move(log_ratios), baseline](double level) {
    const Interval logs = log_ratios.At(level);
    return Interval{baseline * std::expm1(logs.low),
                    baseline * std::expm1(logs.high), level,
                    "bootstrap of the ratio"};
  };
}

// The least shift of the logarithms that a rank test finds with 80 % power:
// that which takes the samples as they are, their difference taken out, just to
// the critical p, and as many standard deviations more. Rank tests and medians
// see a shift unequally well; which one does better depends on the tails.
double LeastShiftUp(const std::function<double(double shift)>& p_of,
                    double start,
                    double p) {
  double low = 0;
  double high = std::max(start, 1e-6);
  for (int i = 0; p_of(high) > p; ++i) {
    if (i == 60) return std::numeric_limits<double>::quiet_NaN();
    low = high;
    high *= 2;
  }
  for (int i = 0; i < 20; ++i) {
    const double middle = (low + high) / 2;
    (p_of(middle) > p ? low : high) = middle;
  }
  return high * (1 + NormalQuantile(kPower) / NormalQuantile(1 - p / 2));
}

// In the harder direction: with the medians laid together, ranks may still
// lean.
double LeastShift(const std::function<double(double shift)>& p_of,
                  double start,
                  double p) {
  const auto down = [&p_of](double shift) { return p_of(-shift); };
  return std::max(LeastShiftUp(p_of, start, p), LeastShiftUp(down, start, p));
}

// LeastLoss of the ratio, or what the rank test needs, whichever is more.
std::function<double(double, double)> LeastSlowdown(
    const CellEstimate& estimate,
    std::function<double(double)> p_of_shift,
    std::size_t n) {
  return [by_interval = LeastLoss(estimate.interval, estimate.difference,
                                  estimate.least_p, n),
          p_of = std::move(p_of_shift),
          baseline = estimate.baseline](double margin, double p) {
    const double loss = by_interval(margin, p);
    if (!std::isfinite(loss)) return loss;
    const double shift = LeastShift(p_of, loss / baseline / 4, p);
    return std::max(loss, baseline * std::expm1(shift));
  };
}

}  // namespace

CellEstimate EstimateRatios(std::span<const double> ratios,
                            double baseline,
                            const ResampleOptions& options) {
  const std::size_t n = ratios.size();
  EYECHART_CHECK(n > 0, "no pairs");
  std::vector<double> logs(n);
  std::vector<std::uint32_t> rows(n);
  for (std::size_t i = 0; i < n; ++i) {
    EYECHART_CHECK(ratios[i] > 0, "a ratio of {}", ratios[i]);
    logs[i] = std::log(ratios[i]);
    rows[i] = static_cast<std::uint32_t>(i);
  }
  std::vector<double> drawn(n);
  const auto statistic = [&](std::span<const std::uint32_t> chosen) {
    for (std::size_t i = 0; i < n; ++i) drawn[i] = logs[chosen[i]];
    const auto middle = drawn.begin() + static_cast<std::ptrdiff_t>(n / 2);
    std::nth_element(drawn.begin(), middle, drawn.end());
    if (n % 2 == 1) return *middle;
    return (*middle + *std::max_element(drawn.begin(), middle)) / 2;
  };
  const std::vector<std::vector<std::uint32_t>> strata = {rows};
  const Resampled resampled = Resample(strata, statistic, options);
  CellEstimate estimate;
  estimate.baseline = baseline;
  estimate.candidate = baseline * std::exp(resampled.estimate());
  estimate.difference = estimate.candidate - baseline;
  estimate.n = static_cast<std::int64_t>(n);
  estimate.test = "signed-rank, paired ratios";
  estimate.paired = true;
  estimate.p = SignedRankP(logs);
  estimate.least_p = LeastSignFlipP(logs);
  estimate.interval = DifferenceOf(resampled, baseline);
  estimate.least_loss =
      LeastLoss(estimate.interval, estimate.difference, estimate.least_p, n);
  return estimate;
}

CellEstimate EstimateSamples(
    std::span<const double> baseline,
    std::span<const double> candidate,
    const std::string& name,
    const std::function<double(std::vector<double>&)>& statistic,
    const ResampleOptions& options) {
  EYECHART_CHECK(!baseline.empty() && !candidate.empty(), "no samples");
  std::vector<double> a;
  std::vector<double> b;
  const auto drawn = [](std::span<const double> samples,
                        std::span<const std::uint32_t> rows,
                        std::vector<double>& out) {
    out.clear();
    for (const std::uint32_t row : rows) out.push_back(samples[row]);
  };
  const auto log_ratio = [&](std::span<const std::uint32_t> first,
                             std::span<const std::uint32_t> second) {
    drawn(baseline, first, a);
    drawn(candidate, second, b);
    return std::log(statistic(b) / statistic(a));
  };
  CellEstimate estimate;
  a.assign(baseline.begin(), baseline.end());
  b.assign(candidate.begin(), candidate.end());
  estimate.baseline = statistic(a);
  estimate.candidate = statistic(b);
  EYECHART_CHECK(estimate.baseline > 0 && estimate.candidate > 0,
                 "{} and {}: not above 0", estimate.baseline,
                 estimate.candidate);
  estimate.difference = estimate.candidate - estimate.baseline;
  estimate.n =
      static_cast<std::int64_t>(std::min(baseline.size(), candidate.size()));
  estimate.test = "unpaired: mann-whitney, bootstrap of the ratio of " + name;
  estimate.p = MannWhitneyP(baseline, candidate);
  // What complete separation would give.
  std::vector<double> apart(baseline.size() + candidate.size());
  std::iota(apart.begin(), apart.end(), 0.0);
  estimate.least_p =
      MannWhitneyP(std::span<const double>(apart).first(baseline.size()),
                   std::span<const double>(apart).subspan(baseline.size()));
  const Resampled resampled =
      ResampleTwo(baseline.size(), candidate.size(), log_ratio, options);
  estimate.interval = DifferenceOf(resampled, estimate.baseline);
  estimate.least_loss = LeastSlowdown(
      estimate,
      [before = std::vector<double>(baseline.begin(), baseline.end()),
       after = std::vector<double>(candidate.begin(), candidate.end()),
       ratio = estimate.candidate / estimate.baseline](double shift) {
        std::vector<double> shifted = after;
        for (double& sample : shifted) sample *= std::exp(shift) / ratio;
        return MannWhitneyP(before, shifted);
      },
      std::numeric_limits<std::size_t>::max());
  return estimate;
}

CellEstimate WithRunNoise(CellEstimate estimate, double deviation) {
  if (!(deviation > 0)) return estimate;
  const double difference = estimate.difference;
  const auto within = estimate.interval;
  estimate.interval = [within, difference, deviation](double level) {
    const double noise = NormalQuantile(0.5 + level / 2) * deviation;
    Interval interval =
        within ? within(level) : Interval{difference, difference, level, ""};
    interval.low = difference - std::hypot(difference - interval.low, noise);
    interval.high = difference + std::hypot(interval.high - difference, noise);
    interval.method += interval.method.empty() ? "noise from run to run"
                                               : ", noise from run to run";
    return interval;
  };
  constexpr double kLevel = 0.95;
  const double total = HalfWidth(estimate.interval(kLevel), difference) /
                       NormalQuantile(0.5 + kLevel / 2);
  const double p = std::erfc(std::abs(difference) / total / std::sqrt(2.0));
  estimate.p = std::max(p, estimate.p.value_or(0));
  estimate.test = estimate.test == "none"
                      ? "unpaired: noise from run to run"
                      : estimate.test + ", noise from run to run";
  estimate.least_loss =
      LeastLoss(estimate.interval, difference, estimate.least_p,
                std::numeric_limits<std::size_t>::max());
  return estimate;
}

}  // namespace eyechart::reports
