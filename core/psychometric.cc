#include "core/psychometric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/minimize.h"
#include "core/random.h"

namespace eyechart {
namespace {

constexpr double kMinSlope = 0.1;
constexpr double kMaxSlope = 100;

double Logistic(double z) { return 1 / (1 + std::exp(-z)); }

// Free variables, each over all of R: ln a, and the slope and lapse inside
// their bounds through a logistic function.
PsychometricFunction FromVariables(std::span<const double> v, double guess) {
  PsychometricFunction function;
  function.guess = guess;
  function.location = std::exp(v[0]);
  const double low = std::log(kMinSlope);
  const double high = std::log(kMaxSlope);
  function.slope = std::exp(low + (high - low) * Logistic(v[1]));
  function.lapse = kMaxLapse * Logistic(v[2]);
  return function;
}

double Inverse(double share) { return std::log(share / (1 - share)); }

std::array<double, 3> ToVariables(double location, double slope, double lapse) {
  const double low = std::log(kMinSlope);
  const double high = std::log(kMaxSlope);
  return {std::log(location), Inverse((std::log(slope) - low) / (high - low)),
          Inverse(lapse / kMaxLapse)};
}

double LogLikelihood(const PsychometricFunction& function,
                     std::span<const StrengthTrials> data) {
  double sum = 0;
  for (const StrengthTrials& row : data) {
    const double p = std::clamp(function.At(row.strength), 1e-12, 1 - 1e-12);
    sum += static_cast<double>(row.correct) * std::log(p) +
           static_cast<double>(row.trials - row.correct) * std::log1p(-p);
  }
  return sum;
}

void Check(std::span<const StrengthTrials> data) {
  EYECHART_CHECK(data.size() >= 2, "{} strengths", data.size());
  for (const StrengthTrials& row : data)
    EYECHART_CHECK(row.strength > 0 && row.trials > 0 && row.correct >= 0 &&
                       row.correct <= row.trials,
                   "strength {}: {} of {}", row.strength, row.correct,
                   row.trials);
}

// From several places: with few answers the likelihood has ridges.
PsychometricFunction FitFrom(std::span<const StrengthTrials> data,
                             double guess,
                             std::span<const std::array<double, 3>> starts) {
  const auto cost = [&](std::span<const double> v) {
    // A location far outside the data means no rise inside it; the fence keeps
    // the simplex from running off along a flat likelihood.
    if (std::abs(v[0]) > 50 || std::abs(v[1]) > 30 || std::abs(v[2]) > 30)
      return std::numeric_limits<double>::infinity();
    return -LogLikelihood(FromVariables(v, guess), data);
  };
  Minimum best;
  best.value = std::numeric_limits<double>::infinity();
  for (const std::array<double, 3>& start : starts) {
    Minimum found = Minimize(cost, start);
    if (found.value < best.value) best = std::move(found);
  }
  PsychometricFunction function = FromVariables(best.x, guess);
  function.log_likelihood = -best.value;
  return function;
}

Threshold PlaceThreshold(const PsychometricFunction& function,
                         double easiest,
                         double hardest,
                         double target) {
  Threshold threshold;
  if (function.At(easiest) < target) {
    threshold.place = ThresholdPlace::kAboveAll;
  } else if (function.At(hardest) >= target) {
    threshold.place = ThresholdPlace::kBelowAll;
  } else {
    threshold.strength = function.StrengthAt(target);
  }
  return threshold;
}

std::vector<StrengthTrials> Totals(std::span<const StrengthGroups> data) {
  std::vector<StrengthTrials> totals;
  for (const StrengthGroups& row : data)
    totals.push_back(
        {row.strength,
         std::accumulate(row.correct.begin(), row.correct.end(),
                         std::int64_t{0}),
         row.group_size * static_cast<std::int64_t>(row.correct.size())});
  return totals;
}

std::vector<StrengthTrials> Resample(std::span<const StrengthGroups> data,
                                     Random& random) {
  std::vector<StrengthTrials> totals = Totals(data);
  for (StrengthTrials& total : totals) total.correct = 0;
  const std::size_t groups = data[0].correct.size();
  for (std::size_t i = 0; i < groups; ++i) {
    const std::uint64_t drawn = random.Below(groups);
    for (std::size_t row = 0; row < data.size(); ++row)
      totals[row].correct += data[row].correct[drawn];
  }
  return totals;
}

}  // namespace

double PsychometricFunction::At(double strength) const {
  return guess + (1 - guess - lapse) * Logistic(slope * (std::log(strength) -
                                                         std::log(location)));
}

std::optional<double> PsychometricFunction::StrengthAt(double target) const {
  const double share = (target - guess) / (1 - guess - lapse);
  if (!(share > 0 && share < 1)) return std::nullopt;
  return location * std::exp(Inverse(share) / slope);
}

PsychometricFunction FitPsychometric(std::span<const StrengthTrials> data,
                                     double guess) {
  Check(data);
  const auto [low, high] = std::minmax_element(
      data.begin(), data.end(),
      [](const auto& a, const auto& b) { return a.strength < b.strength; });
  const double middle = std::sqrt(low->strength * high->strength);
  std::vector<std::array<double, 3>> starts;
  for (const double location : {low->strength, middle, high->strength})
    for (const double slope : {1.0, 4.0})
      starts.push_back(ToVariables(location, slope, 0.02));
  return FitFrom(data, guess, starts);
}

PsychometricResult MeasureThreshold(std::span<const StrengthGroups> data,
                                    double guess,
                                    const ThresholdOptions& options) {
  for (const StrengthGroups& row : data)
    EYECHART_CHECK(row.correct.size() == data[0].correct.size(),
                   "{} groups at strength {}, {} at {}", row.correct.size(),
                   row.strength, data[0].correct.size(), data[0].strength);
  const std::vector<StrengthTrials> totals = Totals(data);
  PsychometricResult result;
  result.function = FitPsychometric(totals, guess);
  double easiest = 0;
  double hardest = std::numeric_limits<double>::infinity();
  for (const StrengthTrials& row : totals) {
    easiest = std::max(easiest, row.strength);
    hardest = std::min(hardest, row.strength);
  }
  result.threshold =
      PlaceThreshold(result.function, easiest, hardest, options.target);
  result.threshold.level = options.level;

  // Each resample is refitted from the whole sample's fit, which lies close.
  const std::array<std::array<double, 3>, 1> start = {ToVariables(
      result.function.location,
      std::clamp(result.function.slope, kMinSlope * 1.01, kMaxSlope * 0.99),
      std::clamp(result.function.lapse, 1e-3 * kMaxLapse, 0.999 * kMaxLapse))};
  Random random(options.seed);
  std::vector<double> thresholds;
  for (int i = 0; i < options.resamples; ++i) {
    const PsychometricFunction function =
        FitFrom(Resample(data, random), guess, start);
    const Threshold one =
        PlaceThreshold(function, easiest, hardest, options.target);
    thresholds.push_back(one.place == ThresholdPlace::kBelowAll
                             ? -std::numeric_limits<double>::infinity()
                         : one.place == ThresholdPlace::kAboveAll
                             ? std::numeric_limits<double>::infinity()
                             : *one.strength);
  }
  std::sort(thresholds.begin(), thresholds.end());
  const auto end = [&](double share) -> std::optional<double> {
    if (thresholds.empty()) return std::nullopt;
    const auto last = static_cast<double>(thresholds.size() - 1);
    const double value =
        thresholds[static_cast<std::size_t>(std::lround(share * last))];
    if (!std::isfinite(value)) return std::nullopt;
    return value;
  };
  result.threshold.low = end((1 - options.level) / 2);
  result.threshold.high = end((1 + options.level) / 2);
  return result;
}

std::string_view ThresholdPlaceName(ThresholdPlace place) {
  switch (place) {
    case ThresholdPlace::kWithin:
      return "within";
    case ThresholdPlace::kBelowAll:
      return "below all";
    case ThresholdPlace::kAboveAll:
      return "above all";
  }
  return "within";
}

}  // namespace eyechart
