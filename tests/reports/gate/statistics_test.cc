#include <gtest/gtest.h>

#include <cmath>

#include "reports/gate/estimate.h"
#include "reports/gate/multiple_testing.h"
#include "reports/gate/rank_tests.h"
#include "reports/gate/resample.h"

namespace eyechart::reports {
namespace {

// By hand: ranked 0.005 x 4/1, 0.01 x 4/2, 0.03 x 4/3, 0.04 x 4/4.
TEST(BenjaminiHochbergTest, AdjustsByRank) {
  const std::vector<double> adjusted =
      BenjaminiHochberg(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  ASSERT_EQ(adjusted.size(), 4u);
  EXPECT_NEAR(adjusted[0], 0.02, 1e-15);
  EXPECT_NEAR(adjusted[1], 0.04, 1e-15);
  EXPECT_NEAR(adjusted[2], 0.04, 1e-15);
  EXPECT_NEAR(adjusted[3], 0.02, 1e-15);
  EXPECT_TRUE(BenjaminiHochberg({}).empty());
  EXPECT_EQ(BenjaminiHochberg(std::vector<double>{1, 1}),
            (std::vector<double>{1, 1}));
}

// By hand: of the 8 sums of 1, 2 and 3 two are as far out as 6; of the sums of
// 5 and 1 all are as far out as 4.
TEST(SignFlipTest, CountsTheSigns) {
  EXPECT_DOUBLE_EQ(SignFlipP(std::vector<double>{1, 2, 3}), 0.25);
  EXPECT_DOUBLE_EQ(SignFlipP(std::vector<double>{5, -1}), 1);
  EXPECT_DOUBLE_EQ(SignFlipP(std::vector<double>{0, 1, 0, 2, 3}), 0.25);
  EXPECT_DOUBLE_EQ(SignFlipP(std::vector<double>{0, 0}), 1);
  EXPECT_DOUBLE_EQ(SignFlipP({}), 1);
  EXPECT_DOUBLE_EQ(LeastSignFlipP(std::vector<double>{0, 1, 2, 3}), 0.25);
}

// Differences of one size are tosses of a coin.
TEST(SignFlipTest, EqualsMcNemarOnOutcomes) {
  for (const int right : {11, 15, 20, 24, 28})
    for (const int wrong : {4, 10, 14}) {
      std::vector<double> d(static_cast<std::size_t>(right), 0.5);
      d.insert(d.end(), static_cast<std::size_t>(wrong), -0.5);
      const double exact = McNemarExactP(right, wrong);
      EXPECT_NEAR(SignFlipP(d), exact, 0.03 * exact) << right << " " << wrong;
    }
  const std::vector<double> same(40, 1.0);
  EXPECT_NEAR(SignFlipP(same), std::exp2(-39), 1e-14);
}

// The example in SciPy's documentation of wilcoxon.
TEST(SignedRankTest, EqualsSciPysExample) {
  EXPECT_NEAR(SignedRankP(std::vector<double>{6, 8, 14, 16, 23, 24, 28, 29, 41,
                                              -48, 49, 56, 60, -67, 75}),
              0.041259765625, 1e-12);
}

// The example in SciPy's documentation of mannwhitneyu, method "asymptotic".
TEST(MannWhitneyTest, EqualsSciPysExample) {
  const std::vector<double> a = {19, 22, 16, 29, 24};
  const std::vector<double> b = {20, 11, 17, 12};
  EXPECT_NEAR(MannWhitneyP(a, b), 0.11134688653314041, 1e-12);
  EXPECT_NEAR(MannWhitneyP(b, a), 0.11134688653314041, 1e-12);
  EXPECT_EQ(MannWhitneyP(a, {}), 1);
  EXPECT_EQ(MannWhitneyP(std::vector<double>{2, 2}, std::vector<double>{2, 2}),
            1);
}

// Hesterberg's stretch at n = 10: t(9) = 2.262157, times sqrt(10 / 9).
TEST(ResampleTest, StretchesByStudentsQuantile) {
  EXPECT_NEAR(StretchedQuantile(0.95, 10), 2.262157163 * std::sqrt(10.0 / 9),
              1e-8);
  EXPECT_NEAR(StretchedQuantile(0.95, 1000000), 1.959964, 1e-5);
}

TEST(ResampleTest, IsTheSameEachTimeAndKeepsStrata) {
  // Each stratum holds one value alone, so every draw gives the same sum.
  const std::vector<std::vector<std::uint32_t>> strata = {{0, 1}, {2}};
  const std::vector<double> values = {4, 4, 7};
  const Resampled resampled =
      Resample(strata, [&](std::span<const std::uint32_t> rows) {
        double sum = 0;
        for (const std::uint32_t row : rows) sum += values[row];
        return sum;
      });
  EXPECT_EQ(resampled.estimate(), 15);
  EXPECT_EQ(resampled.At(0.95).low, 15);
  EXPECT_EQ(resampled.At(0.95).high, 15);
}

// 0.5^12 twice: 12 items that only the baseline got right.
TEST(EstimateTest, OutcomesGoThroughMcNemar) {
  const CellEstimate estimate = EstimateOutcomes(80, 12, 0, 8);
  EXPECT_DOUBLE_EQ(*estimate.p, std::exp2(-11));
  EXPECT_DOUBLE_EQ(estimate.baseline, 0.92);
  EXPECT_DOUBLE_EQ(estimate.candidate, 0.80);
  EXPECT_NEAR(estimate.difference, -0.12, 1e-15);
  EXPECT_EQ(estimate.test, "mcnemar exact");
  EXPECT_FALSE(estimate.identical);
  EXPECT_TRUE(EstimateOutcomes(80, 0, 0, 20).identical);
}

TEST(EstimateTest, ItemsThatAreRightOrWrongAreOutcomes) {
  PairedItems items;
  items.baseline = {1, 1, 1, 0};
  items.candidate = {0, 0, 1, 1};
  items.weights.assign(4, 0.25);
  items.strata = {{0, 1, 2, 3}};
  EXPECT_EQ(EstimateItems(items).test, "mcnemar exact");
  // Of a mean over classes they weigh differently.
  items.weights = {0.5, 0.2, 0.2, 0.1};
  const CellEstimate estimate = EstimateItems(items);
  EXPECT_EQ(estimate.test, "sign-flip, paired bootstrap");
  EXPECT_NEAR(estimate.difference, -0.5 - 0.2 + 0.1, 1e-15);
  // |sum| >= 0.6 of +-0.5 +-0.2 +-0.1: 0.8 and 0.6, both signs, of 8.
  EXPECT_DOUBLE_EQ(*estimate.p, 0.5);
}

TEST(EstimateTest, LinksRootAndOneMinus) {
  PairedItems items;
  items.baseline = {1, 9};
  items.candidate = {4, 12};
  items.weights = {0.5, 0.5};
  items.strata = {{0, 1}};
  items.link = Link::kRoot;
  EXPECT_NEAR(MetricOf(items, items.baseline), std::sqrt(5), 1e-15);
  EXPECT_NEAR(EstimateItems(items).difference, std::sqrt(8) - std::sqrt(5),
              1e-15);
  items.link = Link::kOneMinus;
  EXPECT_NEAR(MetricOf(items, items.candidate), -7, 1e-15);
}

// Widths of 1.96 standard errors 0.03 and 0.04: together 0.05.
TEST(EstimateTest, IndependentIntervalsAddInSquares) {
  const double z = 1.959963984540054;
  const CellEstimate estimate =
      EstimateIntervals(0.8, {0.8 - 0.03 * z, 0.8 + 0.03 * z, 0.95, ""}, 0.7,
                        {0.7 - 0.04 * z, 0.7 + 0.04 * z, 0.95, ""});
  EXPECT_NEAR(*estimate.p, 0.04550026389635842, 1e-9);  // z = 2
  EXPECT_NEAR(estimate.interval(0.95).low, -0.1 - 0.05 * z, 1e-9);
  EXPECT_NEAR(estimate.interval(0.95).high, -0.1 + 0.05 * z, 1e-9);
}

TEST(EstimateTest, NoiseFromRunToRunWidens) {
  const CellEstimate noisy =
      WithRunNoise(EstimateValues(100, 110, /*exact=*/false), 5);
  EXPECT_NEAR(*noisy.p, 0.04550026389635842, 1e-9);  // 10 / 5 = 2
  EXPECT_NEAR(noisy.interval(0.95).low, 10 - 1.959963984540054 * 5, 1e-9);
  EXPECT_FALSE(EstimateValues(1, 2, false).interval);
}

TEST(EstimateTest, RatiosGiveTheMedianRatio) {
  std::vector<double> ratios;
  for (int i = 0; i < 15; ++i) ratios.push_back(1.10 + 0.001 * i);
  const CellEstimate estimate = EstimateRatios(ratios, 2e6);
  EXPECT_NEAR(estimate.difference, 2e6 * 0.107, 1e-3);
  EXPECT_DOUBLE_EQ(*estimate.p, std::exp2(-14));  // all slower
  const Interval ci = estimate.interval(0.95);
  EXPECT_GT(ci.low, 2e6 * 0.09);
  EXPECT_LT(ci.high, 2e6 * 0.125);
  // 7 pairs cannot reach 0.01, whatever they say.
  const std::vector<double> few(7, 2.0);
  EXPECT_TRUE(std::isnan(EstimateRatios(few, 1).least_loss(0, 0.01)));
  EXPECT_TRUE(std::isfinite(estimate.least_loss(0, 0.01)));
}

}  // namespace
}  // namespace eyechart::reports
