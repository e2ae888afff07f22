#include "core/psychometric.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"

namespace eyechart {
namespace {

constexpr double kStrengths[] = {1, 1.6, 2.5, 4, 6.3, 10, 16};

// An observer whose function is known.
std::vector<StrengthGroups> Observe(const PsychometricFunction& truth,
                                    std::size_t groups,
                                    std::uint64_t seed) {
  Random random(seed);
  std::vector<StrengthGroups> data;
  for (const double strength : kStrengths) {
    StrengthGroups row{strength, 1, {}};
    for (std::size_t i = 0; i < groups; ++i)
      row.correct.push_back(random.Uniform() < truth.At(strength) ? 1 : 0);
    data.push_back(row);
  }
  return data;
}

PsychometricFunction Truth(double guess, double location) {
  return {guess, 0.03, location, 3, 0};
}

TEST(PsychometricFunction, ThresholdInvertsTheFunction) {
  const PsychometricFunction function = Truth(0.25, 3);
  const double strength = function.StrengthAt(0.75).value();
  EXPECT_NEAR(function.At(strength), 0.75, 1e-12);
  EXPECT_FALSE(function.StrengthAt(0.98).has_value());
  EXPECT_FALSE(function.StrengthAt(0.25).has_value());
  // Half way between guess rate and ceiling at the location.
  EXPECT_NEAR(function.At(3), (0.25 + 0.97) / 2, 1e-12);
}

TEST(MeasureThreshold, RecoversAKnownObserver) {
  for (const double guess : {0.25, 0.5}) {
    const PsychometricFunction truth = Truth(guess, 3.5);
    const double wanted = truth.StrengthAt(0.75).value();
    const PsychometricResult found =
        MeasureThreshold(Observe(truth, 20000, 11), guess);
    ASSERT_EQ(found.threshold.place, ThresholdPlace::kWithin);
    EXPECT_NEAR(found.threshold.strength.value() / wanted, 1, 0.02);
    EXPECT_LT(found.threshold.low.value(), wanted);
    EXPECT_GT(found.threshold.high.value(), wanted);
  }
}

// The interval is to hold the truth 95 times in 100; 88 or fewer of 100 would
// come by chance once in 250 times.
TEST(MeasureThreshold, IntervalsCoverTheTruth) {
  const PsychometricFunction truth = Truth(0.5, 3.5);
  const double wanted = truth.StrengthAt(0.75).value();
  ThresholdOptions options;
  options.resamples = 200;
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    options.seed = seed;
    const Threshold threshold =
        MeasureThreshold(Observe(truth, 100, 1000 + seed), 0.5, options)
            .threshold;
    covered += threshold.low.value_or(0) <= wanted &&
               wanted <= threshold.high.value_or(1e9);
  }
  EXPECT_GE(covered, 89);
}

TEST(MeasureThreshold, SaysNothingBeyondTheStrengthsShown) {
  std::vector<StrengthGroups> chance, perfect;
  for (const double strength : kStrengths) {
    StrengthGroups row{strength, 1, {}};
    for (int i = 0; i < 100; ++i) row.correct.push_back(i % 2);
    chance.push_back(row);
    row.correct.assign(100, 1);
    perfect.push_back(row);
  }
  const Threshold above = MeasureThreshold(chance, 0.5).threshold;
  EXPECT_EQ(above.place, ThresholdPlace::kAboveAll);
  EXPECT_FALSE(above.strength || above.low || above.high);
  const Threshold below = MeasureThreshold(perfect, 0.5).threshold;
  EXPECT_EQ(below.place, ThresholdPlace::kBelowAll);
  EXPECT_FALSE(below.strength || below.low || below.high);
}

// Pairs whose two answers always agree carry half the information: the interval
// is wider by about the square root of 2.
TEST(MeasureThreshold, DrawsGroupsNotAnswers) {
  std::vector<StrengthGroups> singles = Observe(Truth(0.5, 3.5), 400, 5);
  std::vector<StrengthGroups> pairs = singles;
  for (StrengthGroups& row : pairs) {
    row.group_size = 2;
    row.correct.resize(200);
    for (std::int64_t& right : row.correct) right *= 2;
  }
  const auto width = [](const std::vector<StrengthGroups>& data) {
    const Threshold threshold = MeasureThreshold(data, 0.5).threshold;
    return std::log(threshold.high.value() / threshold.low.value());
  };
  EXPECT_NEAR(width(pairs) / width(singles), std::sqrt(2), 0.35);
}

TEST(FitPsychometric, RefusesWhatIsNoData) {
  const std::vector<StrengthTrials> one = {{1, 5, 10}};
  EXPECT_THROW(FitPsychometric(one, 0.5), std::logic_error);
  const std::vector<StrengthTrials> zero = {{0, 5, 10}, {1, 5, 10}};
  EXPECT_THROW(FitPsychometric(zero, 0.5), std::logic_error);
  const std::vector<StrengthTrials> many = {{1, 11, 10}, {2, 5, 10}};
  EXPECT_THROW(FitPsychometric(many, 0.5), std::logic_error);
}

}  // namespace
}  // namespace eyechart
