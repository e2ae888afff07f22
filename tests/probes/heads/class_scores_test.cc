#include "probes/heads/class_scores.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "probes/heads/label_scores.h"
#include "probes/heads/number_scores.h"

namespace eyechart::probes {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

at::Tensor Matrix(std::vector<float> values, std::int64_t columns) {
  return at::tensor(values).view({-1, columns}).clone();
}

at::Tensor Labels(std::vector<std::int64_t> values) {
  return at::tensor(values, at::kLong);
}

TEST(ScoreClasses, CountsByHand) {
  // Six classes, of which 4 and 5 have no items; ranks 0, 5, 1 and 0.
  const at::Tensor scores = Matrix({9, 1, 2, 3, 4, 5,  //
                                    1, 9, 8, 7, 6, 5,  //
                                    0, 8, 9, 1, 2, 3,  //
                                    0, 0, 0, 1, 0, 0},
                                   6);
  const ClassScores made = ScoreClasses(scores, Labels({0, 0, 1, 3}));
  EXPECT_EQ(made.items, 4);
  EXPECT_EQ(made.classes, 6);
  const std::vector<std::int64_t> ranks = {0, 5, 1, 0};
  const std::vector<std::int64_t> predictions = {0, 1, 2, 3};
  ASSERT_EQ(made.outcomes.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(made.outcomes[i].rank, ranks[i]) << i;
    EXPECT_EQ(made.outcomes[i].prediction, predictions[i]) << i;
  }
  EXPECT_EQ(made.top1_correct, 2);
  EXPECT_EQ(made.top1, 0.5);
  EXPECT_EQ(made.top_k, 5);
  EXPECT_EQ(made.top5_correct, 3);
  EXPECT_EQ(made.top5, 0.75);
  // Accuracies 1/2, 0 and 1 of the classes that have items.
  EXPECT_EQ(made.empty_classes, 3);
  EXPECT_DOUBLE_EQ(made.mean_per_class, 0.5);
  EXPECT_EQ(made.per_class[0].items, 2);
  EXPECT_EQ(made.per_class[0].correct, 1);
  EXPECT_EQ(made.per_class[0].accuracy, 0.5);
  EXPECT_EQ(made.per_class[2].items, 0);
  EXPECT_TRUE(std::isnan(made.per_class[2].accuracy));
  const Interval wilson = WilsonInterval(3, 4);
  EXPECT_EQ(made.top5_interval.low, wilson.low);
  EXPECT_EQ(made.top5_interval.high, wilson.high);
  EXPECT_EQ(made.top1_interval.high, WilsonInterval(2, 4).high);
}

TEST(ScoreClasses, TiesGoToTheLowerIndex) {
  const ClassScores made =
      ScoreClasses(at::zeros({4, 4}), Labels({0, 1, 2, 3}));
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(made.outcomes[static_cast<std::size_t>(i)].rank, i);
    EXPECT_EQ(made.outcomes[static_cast<std::size_t>(i)].prediction, 0);
  }
  EXPECT_EQ(made.top1, 0.25);
  // Fewer than five classes: said so, and every item counts.
  EXPECT_EQ(made.top_k, 4);
  EXPECT_EQ(made.top5, 1);
  // Zeros of either sign are equal.
  EXPECT_EQ(ScoreClasses(Matrix({-0.f, 0.f}, 2), Labels({1})).outcomes[0].rank,
            1);
}

TEST(ScoreClasses, RanksAreThoseOfASort) {
  const std::int64_t n = 3000, classes = 17;  // more rows than one block
  // Few values, so that many tie.
  const at::Tensor scores = at::randint(0, 9, {n, classes}).to(at::kFloat);
  const at::Tensor labels = at::randint(0, classes, {n}, at::kLong);
  const ClassScores made = ScoreClasses(scores, labels);
  const at::Tensor order =
      std::get<1>(scores.sort(/*stable=*/true, 1, /*descending=*/true));
  std::int64_t top5 = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const ItemOutcome& outcome = made.outcomes[static_cast<std::size_t>(i)];
    const auto* row = order.const_data_ptr<std::int64_t>() + i * classes;
    const std::int64_t truth = labels.const_data_ptr<std::int64_t>()[i];
    ASSERT_EQ(row[outcome.rank], truth) << i;
    ASSERT_EQ(row[0], outcome.prediction) << i;
    top5 += outcome.rank < 5;
  }
  EXPECT_EQ(made.top5_correct, top5);
  EXPECT_GT(top5, made.top1_correct);
}

TEST(ScoreClasses, TheBootstrapIsOfItsSeedAlone) {
  const at::Tensor scores = at::randn({400, 5});
  const at::Tensor labels = at::arange(400) % 5;
  const ClassScores a = ScoreClasses(scores, labels, {.seed = 3});
  const ClassScores b = ScoreClasses(scores, labels, {.seed = 3});
  const ClassScores c = ScoreClasses(scores, labels, {.seed = 4});
  EXPECT_EQ(a.mean_per_class_interval.low, b.mean_per_class_interval.low);
  EXPECT_EQ(a.mean_per_class_interval.high, b.mean_per_class_interval.high);
  EXPECT_NE(a.mean_per_class_interval.low + a.mean_per_class_interval.high,
            c.mean_per_class_interval.low + c.mean_per_class_interval.high);
  // Its width is that of the sum of five binomials.
  double variance = 0;
  for (const ClassAccuracy& one : a.per_class)
    variance += one.accuracy * (1 - one.accuracy) / 80 / 25;
  const double width =
      a.mean_per_class_interval.high - a.mean_per_class_interval.low;
  EXPECT_NEAR(width, 2 * 1.96 * std::sqrt(variance), 0.12 * width);
  EXPECT_LT(a.mean_per_class_interval.low, a.mean_per_class);
  EXPECT_GT(a.mean_per_class_interval.high, a.mean_per_class);
  const ClassScores narrow =
      ScoreClasses(scores, labels, {.seed = 3, .level = 0.5});
  EXPECT_GT(narrow.mean_per_class_interval.low, a.mean_per_class_interval.low);
}

TEST(ScoreClasses, AllRightHasNoWidth) {
  const ClassScores made =
      ScoreClasses(Matrix({1, 0, 0, 1}, 2), Labels({0, 1}));
  EXPECT_EQ(made.mean_per_class, 1);
  EXPECT_EQ(made.mean_per_class_interval.low, 1);
  EXPECT_EQ(made.mean_per_class_interval.high, 1);
  EXPECT_LT(made.top1_interval.low, 1);  // Wilson's has
}

TEST(ScoreClasses, RefusesWhatDoesNotFit) {
  const at::Tensor one = at::ones({2, 3});
  EXPECT_THROW(ScoreClasses(one, Labels({0})), std::logic_error);
  EXPECT_THROW(ScoreClasses(one, Labels({0, 3})), std::logic_error);
  EXPECT_THROW(ScoreClasses(one, Labels({-1, 0})), std::logic_error);
  EXPECT_THROW(ScoreClasses(one, at::zeros({2})), std::logic_error);
  EXPECT_THROW(ScoreClasses(one.flatten(), Labels({0, 1})), std::logic_error);
  EXPECT_THROW(ScoreClasses(at::ones({0, 3}), Labels({})), std::logic_error);
  for (const float odd : {kNaN, kInfinity, -kInfinity}) {
    at::Tensor scores = one.clone();
    scores[1][2] = odd;
    try {
      ScoreClasses(scores, Labels({0, 0}));
      ADD_FAILURE() << odd << " was taken";
    } catch (const std::logic_error& error) {
      EXPECT_NE(std::string(error.what()).find("item 1: the score of class 2"),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(ScoreLabels, AveragePrecisionByHand) {
  // Ranked 1 0 1 0: (1 + 2/3) / 2. Then ranked 0 1 with two behind, no tie.
  const at::Tensor scores = Matrix({4, 1, 3, 4, 2, 3, 1, 2}, 2);
  const at::Tensor truth = Matrix({1, 0, 0, 0, 1, 1, 0, 0}, 2);
  const LabelScores made = ScoreLabels(scores, truth);
  EXPECT_DOUBLE_EQ(made.per_label[0].average_precision, 5.0 / 6);
  EXPECT_DOUBLE_EQ(made.per_label[1].average_precision, 0.5);
  EXPECT_DOUBLE_EQ(made.mean_average_precision, (5.0 / 6 + 0.5) / 2);
  EXPECT_EQ(made.per_label[0].positives, 2);
}

TEST(ScoreLabels, EqualScoresPassTogether) {
  // One threshold: the share of positives, in whatever order they stand.
  for (std::int64_t first = 0; first < 4; ++first) {
    at::Tensor truth = at::zeros({4, 1}, at::kBool);
    truth[first][0] = true;
    EXPECT_EQ(ScoreLabels(at::ones({4, 1}), truth).mean_average_precision,
              0.25);
  }
  // Thresholds 2 (one of two) and 1 (two of four): 1/2 * 1/2 + 1/2 * 2/4.
  EXPECT_EQ(ScoreLabels(Matrix({2, 2, 1, 1}, 1), Matrix({0, 1, 0, 1}, 1))
                .mean_average_precision,
            0.5);
}

TEST(ScoreLabels, LabelsWithoutPositivesAreLeftOutAndCounted) {
  const at::Tensor scores = at::randn({6, 3});
  at::Tensor truth = at::zeros({6, 3});
  truth.select(1, 2).fill_(1);
  const LabelScores made = ScoreLabels(scores, truth);
  EXPECT_EQ(made.empty_labels, 2);
  EXPECT_TRUE(std::isnan(made.per_label[0].average_precision));
  EXPECT_EQ(made.per_label[2].average_precision, 1);  // all have it
  EXPECT_EQ(made.mean_average_precision, 1);
  const LabelScores none = ScoreLabels(scores, at::zeros({6, 3}));
  EXPECT_EQ(none.empty_labels, 3);
  EXPECT_TRUE(std::isnan(none.mean_average_precision));
}

TEST(ScoreLabels, RefusesWhatDoesNotFit) {
  const at::Tensor one = at::ones({2, 3});
  EXPECT_THROW(ScoreLabels(one, at::ones({3, 2})), std::logic_error);
  EXPECT_THROW(ScoreLabels(one, one * 0.5), std::logic_error);
  EXPECT_THROW(ScoreLabels(one, one * -1), std::logic_error);
  EXPECT_THROW(ScoreLabels(at::ones({0, 3}), at::ones({0, 3})),
               std::logic_error);
  EXPECT_THROW(ScoreLabels(at::full({2, 3}, kNaN), one), std::logic_error);
  EXPECT_THROW(ScoreLabels(at::full({2, 3}, kInfinity), one), std::logic_error);
}

TEST(ScoreNumbers, ErrorsByHand) {
  // Errors 1, -1, 0 and 4; the targets' mean is 5, their squares about it 20.
  const NumberScores made = ScoreNumbers(at::tensor({3.f, 3.f, 6.f, 12.f}),
                                         at::tensor({2.f, 4.f, 6.f, 8.f}));
  EXPECT_EQ(made.items, 4);
  EXPECT_DOUBLE_EQ(made.mean_absolute_error.value, 1.5);
  EXPECT_DOUBLE_EQ(made.median_absolute_error.value, 1);
  EXPECT_DOUBLE_EQ(made.root_mean_square_error.value, std::sqrt(4.5));
  EXPECT_DOUBLE_EQ(made.r2.value, 1 - 18.0 / 20);
  for (const Estimate* one :
       {&made.mean_absolute_error, &made.median_absolute_error,
        &made.root_mean_square_error, &made.r2}) {
    EXPECT_LE(one->interval.low, one->value);
    EXPECT_GE(one->interval.high, one->value);
    EXPECT_LT(one->interval.low, one->interval.high);
  }
  EXPECT_DOUBLE_EQ(
      ScoreNumbers(at::tensor({3.f, 3.f, 8.f}), at::tensor({2.f, 4.f, 4.f}))
          .median_absolute_error.value,
      1);
}

TEST(ScoreNumbers, PerfectIsOneAndTheMeanIsZero) {
  const at::Tensor targets = at::randn({100}, at::kDouble);
  const NumberScores perfect = ScoreNumbers(targets, targets);
  EXPECT_EQ(perfect.r2.value, 1);
  EXPECT_EQ(perfect.r2.interval.low, 1);
  EXPECT_EQ(perfect.mean_absolute_error.interval.high, 0);
  const NumberScores mean = ScoreNumbers(targets.mean().expand({100}), targets);
  EXPECT_NEAR(mean.r2.value, 0, 1e-12);
}

TEST(ScoreNumbers, EqualTargetsLeaveNothingToExplain) {
  const NumberScores made =
      ScoreNumbers(at::randn({10}), at::full({10}, 0.1, at::kDouble));
  EXPECT_TRUE(std::isnan(made.r2.value));
  EXPECT_TRUE(std::isnan(made.r2.interval.low));
  EXPECT_TRUE(std::isfinite(made.root_mean_square_error.interval.high));
  // Two items: half of the resamples are of one alone, and are left out.
  const NumberScores two =
      ScoreNumbers(at::tensor({1.f, 3.f}), at::tensor({1.f, 2.f}));
  EXPECT_EQ(two.r2.interval.low, two.r2.value);
}

TEST(ScoreNumbers, TheMeansIntervalIsNearTheNormalOne) {
  const at::Tensor errors = at::randn({500}, at::kDouble);
  const NumberScores made = ScoreNumbers(errors, at::zeros({500}), {.seed = 1});
  const double deviation = errors.abs().std().item<double>();
  const Interval& interval = made.mean_absolute_error.interval;
  const double width = interval.high - interval.low;
  EXPECT_NEAR(width, 2 * 1.96 * deviation / std::sqrt(500), 0.12 * width);
  EXPECT_EQ(ScoreNumbers(errors, at::zeros({500}), {.seed = 1})
                .mean_absolute_error.interval.low,
            interval.low);
  EXPECT_NE(ScoreNumbers(errors, at::zeros({500}), {.seed = 2})
                .mean_absolute_error.interval.low,
            interval.low);
}

TEST(ScoreNumbers, RefusesWhatDoesNotFit) {
  const at::Tensor one = at::ones({3});
  EXPECT_THROW(ScoreNumbers(one, at::ones({2})), std::logic_error);
  EXPECT_THROW(ScoreNumbers(one.view({3, 1}), one), std::logic_error);
  EXPECT_THROW(ScoreNumbers(at::ones({0}), at::ones({0})), std::logic_error);
  EXPECT_THROW(ScoreNumbers(one * kNaN, one), std::logic_error);
  EXPECT_THROW(ScoreNumbers(one, one * kInfinity), std::logic_error);
}

TEST(PercentileInterval, IsOfTheMiddleAndWithoutNaN) {
  std::vector<double> draws = {kNaN};
  for (int i = 100; i >= 0; --i) draws.push_back(i);
  const Interval made = PercentileInterval(draws, 0.9, "m");
  EXPECT_NEAR(made.low, 5, 1e-9);
  EXPECT_NEAR(made.high, 95, 1e-9);
  EXPECT_EQ(made.method, "m");
  EXPECT_NEAR(PercentileInterval({0, 1}, 0.5, "").low, 0.25, 1e-12);
  EXPECT_TRUE(std::isnan(PercentileInterval({}, 0.5, "").high));
}

}  // namespace
}  // namespace eyechart::probes
