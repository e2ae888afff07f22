#include "core/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/fixture.h"

namespace eyechart {
namespace {

using eyechart::testing::Rng;

// Literals: scipy.stats.norm.ppf, SciPy 1.17.1.
TEST(NormalQuantile, EqualsScipy) {
  const std::vector<std::pair<double, double>> rows = {
      {1e-10, -6.361340902404056},  {0.001, -3.090232306167813},
      {0.02, -2.053748910631823},   {0.025, -1.9599639845400545},
      {0.3, -0.5244005127080409},   {0.5, 0.0},
      {0.8, 0.8416212335729143},    {0.975, 1.959963984540054},
      {0.9995, 3.2905267314919255},
  };
  for (const auto& [p, x] : rows)
    EXPECT_NEAR(NormalQuantile(p), x, 1e-13) << "p = " << p;
  EXPECT_THROW(NormalQuantile(0), std::logic_error);
  EXPECT_THROW(NormalQuantile(1), std::logic_error);
}

// Literals: scipy.stats.binomtest(k, n).proportion_ci(level, method="wilson").
TEST(WilsonInterval, EqualsScipy) {
  struct Row {
    std::int64_t k, n;
    double level, low, high;
  };
  const std::vector<Row> rows = {
      {0, 10, 0.95, 0.0, 0.27753279986288926},
      {10, 10, 0.95, 0.7224672001371109, 1.0},
      {26, 135, 0.95, 0.13495621289223045, 0.26723963908891446},
      {2, 15, 0.95, 0.03736125910306534, 0.3788198283232236},
      {1, 1, 0.95, 0.20654931437723745, 1.0},
      {7, 20, 0.99, 0.14639344137693885, 0.6283381789526872},
      {1, 3, 0.9, 0.07826572633372841, 0.7464661317187758},
  };
  for (const Row& row : rows) {
    const Interval interval = WilsonInterval(row.k, row.n, row.level);
    EXPECT_NEAR(interval.low, row.low, 1e-13) << row.k << "/" << row.n;
    EXPECT_NEAR(interval.high, row.high, 1e-13) << row.k << "/" << row.n;
    EXPECT_EQ(interval.level, row.level);
    EXPECT_EQ(interval.method, "wilson");
  }
}

TEST(WilsonInterval, KnowsNothingFromNothing) {
  const Interval interval = WilsonInterval(0, 0);
  EXPECT_EQ(interval.low, 0);
  EXPECT_EQ(interval.high, 1);
}

// Pairs (0,1) (0,2) (1,2) (3,4) (0,3) (2,4) (1,3) (1,4), of which (0,1) is a
// hit; the literals come from deleting each image in NumPy.
TEST(PairShareInterval, EqualsDeletingImagesByHand) {
  const std::vector<std::int64_t> trials = {3, 4, 3, 3, 3};
  const std::vector<std::int64_t> hits = {1, 1, 0, 0, 0};
  const Interval interval = PairShareInterval(hits, trials);
  EXPECT_EQ(interval.low, 0);
  EXPECT_NEAR(interval.high, 0.5090729341084248, 1e-12);
}

TEST(PairShareInterval, HasNoWidthWhereEveryPairIsAHit) {
  const std::vector<std::int64_t> counts = {2, 2, 2};
  const Interval interval = PairShareInterval(counts, counts);
  EXPECT_EQ(interval.low, 1);
  EXPECT_EQ(interval.high, 1);
}

TEST(PairShareInterval, KnowsNothingFromTooFewImages) {
  for (const std::size_t n : {0u, 1u, 2u}) {
    const std::vector<std::int64_t> counts(n, 1);
    const Interval interval = PairShareInterval(counts, counts);
    EXPECT_EQ(interval.low, 0) << n;
    EXPECT_EQ(interval.high, 1) << n;
  }
  const std::vector<std::int64_t> one = {1};
  EXPECT_THROW(PairShareInterval(one, {}), std::logic_error);
}

// Literals: scipy.stats.binomtest(b, b + c, 0.5).pvalue; mid-p is that less
// scipy.stats.binom.pmf(b, b + c, 0.5), or 1 less half of it where b = c.
TEST(McNemarExactP, EqualsScipy) {
  struct Row {
    std::int64_t b, c;
    double exact, mid;
  };
  const std::vector<Row> rows = {
      {0, 0, 1.0, 1.0},
      {0, 1, 1.0, 0.5},
      {3, 1, 0.625, 0.375},
      {5, 5, 1.0, 0.876953125},
      {0, 9, 0.00390625, 0.001953125},
      {12, 4, 0.076812744140625, 0.04904174804687501},
      {40, 22, 0.030015864349067285, 0.022574972673257195},
      {300, 350, 0.05452994175892356, 0.04995277821288442},
  };
  for (const Row& row : rows) {
    EXPECT_NEAR(McNemarExactP(row.b, row.c) / row.exact, 1, 1e-11) << row.b;
    EXPECT_NEAR(McNemarExactP(row.c, row.b) / row.exact, 1, 1e-11) << row.b;
    EXPECT_NEAR(McNemarExactP(row.b, row.c, true) / row.mid, 1, 1e-11) << row.b;
  }
  EXPECT_EQ(McNemarExactP(1, 2'000'000), 0);
  EXPECT_THROW(McNemarExactP(-1, 2), std::logic_error);
}

// Of many values it comes near the normal theory's interval.
TEST(BootstrapMeanInterval, ComesNearNormalTheory) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 20);
  const double error = std::sqrt(33.25 / 400);  // variance of 0 to 19: 33.25
  const Interval ci = BootstrapMeanInterval(values, 1);
  EXPECT_NEAR(ci.low, 9.5 - 1.96 * error, 0.08);
  EXPECT_NEAR(ci.high, 9.5 + 1.96 * error, 0.08);
  const Interval again = BootstrapMeanInterval(values, 1);
  EXPECT_EQ(ci.low, again.low);
  EXPECT_NE(ci.low, BootstrapMeanInterval(values, 2).low);
  EXPECT_TRUE(std::isnan(BootstrapMeanInterval({}, 1).low));
}

TEST(Median, TakesTheMiddle) {
  EXPECT_TRUE(std::isnan(Median({})));
  EXPECT_EQ(Median(std::vector<double>{3}), 3);
  EXPECT_EQ(Median(std::vector<double>{4, 1}), 2.5);
  EXPECT_EQ(Median(std::vector<double>{9, 1, 1}), 1);
}

// Literals: the worked examples of Altman et al. 2000 (Statistics with
// Confidence, chapter 6) and of Newcombe 1998, to their digits.
TEST(PairedDifferenceIntervalTest, EqualsPublishedExamples) {
  const Interval altman = PairedDifferenceInterval(14, 0, 5, 22);
  EXPECT_NEAR(altman.low, 0.011, 5e-4);
  EXPECT_NEAR(altman.high, 0.226, 5e-4);
  const Interval newcombe = PairedDifferenceInterval(36, 2, 12, 0);
  EXPECT_NEAR(newcombe.low, 0.0569, 5e-5);
  EXPECT_NEAR(newcombe.high, 0.3404, 5e-5);
  EXPECT_EQ(newcombe.method, "newcombe paired");
  EXPECT_THROW(PairedDifferenceInterval(0, 0, 0, 0), std::logic_error);
}

TEST(PairedDifferenceIntervalTest, HoldsTheDifferenceAndTurns) {
  for (const auto& [both, first, second, neither] :
       {std::array<std::int64_t, 4>{36, 12, 2, 0},
        {20, 0, 0, 30},
        {1, 1, 97, 1},
        {0, 0, 5, 5}}) {
    const auto n = static_cast<double>(both + first + second + neither);
    const double difference = static_cast<double>(second - first) / n;
    const Interval there =
        PairedDifferenceInterval(both, first, second, neither);
    const Interval back =
        PairedDifferenceInterval(both, second, first, neither);
    EXPECT_LE(there.low, difference);
    EXPECT_GE(there.high, difference);
    EXPECT_GE(there.low, -1);
    EXPECT_LE(there.high, 1);
    EXPECT_NEAR(there.low, -back.high, 1e-12);
    EXPECT_NEAR(there.high, -back.low, 1e-12);
  }
}

TEST(PairedDifferenceIntervalTest, CoversTheTruth) {
  // Pairs of which 50 % are right in the first and 70 % in the second.
  const std::array<double, 4> shares = {0.4, 0.1, 0.3, 0.2};
  std::discrete_distribution<int> draw(shares.begin(), shares.end());
  int covered = 0;
  constexpr int kRuns = 1000;
  for (int i = 0; i < kRuns; ++i) {
    std::array<std::int64_t, 4> counts{};
    for (int k = 0; k < 60; ++k)
      ++counts[static_cast<std::size_t>(draw(Rng()))];
    const Interval ci =
        PairedDifferenceInterval(counts[0], counts[1], counts[2], counts[3]);
    if (ci.low <= 0.2 && 0.2 <= ci.high) ++covered;
  }
  EXPECT_GT(covered, 930);
  EXPECT_LT(covered, 985);
}

}  // namespace
}  // namespace eyechart
