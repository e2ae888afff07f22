// Psychometric functions: how often an observer is right, by the strength of
// what is shown.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/statistics.h"

namespace eyechart {

/// The answers at one strength.
struct StrengthTrials {
  double strength = 0;  // > 0, larger is easier
  std::int64_t correct = 0;
  std::int64_t trials = 0;
};

/// psi(x) = g + (1 - g - l) / (1 + exp(-b (ln x - ln a))): a logistic function
/// of log strength (Wichmann and Hill 2001, eq. 1, with a logistic F).
struct PsychometricFunction {
  double guess = 0.5;   // g, the share that blind guessing gets right
  double lapse = 0;     // l, the share missed however strong the signal
  double location = 1;  // a, strength at the middle of the rise
  double slope = 1;     // b, > 0
  double log_likelihood = 0;

  double At(double strength) const;
  /// The strength where the share right is `target`; none where the function
  /// never is.
  std::optional<double> StrengthAt(double target) const;
};

/// Lapses above this leave less than the 75 % right that thresholds stand for.
inline constexpr double kMaxLapse = 0.25;

/// Maximum likelihood of binomial answers, guess rate fixed, lapses in
/// [0, kMaxLapse], slope in [0.1, 100]. Throws std::logic_error for fewer than
/// two strengths, strengths of 0 or below, or counts that make no sense.
PsychometricFunction FitPsychometric(std::span<const StrengthTrials> data,
                                     double guess);

/// Where a threshold lies as to the strengths shown.
enum class ThresholdPlace { kWithin, kBelowAll, kAboveAll };

/// A threshold that is only ever stated inside the range that was shown: a fit
/// says nothing of what it has not seen.
struct Threshold {
  ThresholdPlace place = ThresholdPlace::kWithin;
  /// The strength; none where the place is not kWithin: better than the target
  /// at every strength shown (kBelowAll), or worse at all (kAboveAll).
  std::optional<double> strength;
  /// Bootstrap interval; an end outside the range shown is none.
  std::optional<double> low;
  std::optional<double> high;
  double level = 0.95;
};

/// Answers at one strength in groups that share their circumstances (pictures
/// that differ in the answer alone). Group i is the same at every strength (the
/// same scene, shown weaker), so the bootstrap draws groups, not single
/// answers, and takes a drawn one at all strengths.
struct StrengthGroups {
  double strength = 0;
  std::int64_t group_size = 1;        // answers a group
  std::vector<std::int64_t> correct;  // right answers of each group
};

struct ThresholdOptions {
  double target = 0.75;  // share right that the threshold stands for
  double level = 0.95;   // of the interval
  int resamples = 1000;  // percentile ends move by about 3 % of the width
  std::uint64_t seed = 0;
};

struct PsychometricResult {
  PsychometricFunction function;
  Threshold threshold;
};

/// Fits the function and the threshold with its percentile bootstrap interval
/// (groups drawn with replacement, function refitted). Throws std::logic_error
/// where the strengths differ in their groups.
PsychometricResult MeasureThreshold(std::span<const StrengthGroups> data,
                                    double guess,
                                    const ThresholdOptions& options = {});

/// "within", "below all" or "above all".
std::string_view ThresholdPlaceName(ThresholdPlace place);

}  // namespace eyechart
