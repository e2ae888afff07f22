#include "benchmarks/load/estimators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "benchmarks/load/binomial.h"
#include "core/random.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

constexpr auto kNearest = PercentileMethod::kNearestRank;
constexpr auto kMlperf = PercentileMethod::kMlperf;

// P(Binomial(n, p) <= k), term by term.
long double Cdf(int k, int n, long double p) {
  long double sum = 0;
  for (int i = 0; i <= k; ++i)
    sum += std::exp(std::lgamma(n + 1.0L) - std::lgamma(i + 1.0L) -
                    std::lgamma(n - i + 1.0L) + i * std::log(p) +
                    (n - i) * std::log1p(-p));
  return sum;
}

TEST(Binomial, IsTheSumOfItsTerms) {
  for (const int n : {1, 2, 7, 64, 662, 3000})
    for (const double p : {0.01, 0.1, 0.5, 0.9, 0.99})
      for (const int k : {0, 1, n / 3, n / 2, n - 1}) {
        if (k < 0 || k >= n) continue;
        const auto theirs = static_cast<double>(Cdf(k, n, p));
        EXPECT_NEAR(BinomialCdf(k, n, p), theirs, 1e-12 + 1e-9 * theirs)
            << k << " of " << n << " at " << p;
      }
  EXPECT_EQ(BinomialCdf(-1, 5, 0.5), 0);
  EXPECT_EQ(BinomialCdf(5, 5, 0.5), 1);
  EXPECT_DOUBLE_EQ(BinomialCdf(0, 3, 0.5), 0.125);
  EXPECT_DOUBLE_EQ(BinomialUpper(3, 3, 0.5), 0.125);
  EXPECT_EQ(BinomialCdf(0, 3, 0), 1);
  EXPECT_EQ(BinomialCdf(2, 3, 1), 0);
}

// The table of percentile definitions: ceil(pn), and LoadGen's v[n * p].
TEST(Percentile, RanksAreThoseOfTheTable) {
  struct Row {
    std::size_t n;
    double percent;
    std::size_t nearest, mlperf;
  };
  for (const Row& row :
       {Row{40, 90, 36, 37}, Row{100, 90, 90, 91}, Row{100, 99, 99, 100},
        Row{200, 99, 198, 199}, Row{1000, 99, 990, 991}}) {
    EXPECT_EQ(PercentileRank(row.n, row.percent, kNearest), row.nearest);
    EXPECT_EQ(PercentileRank(row.n, row.percent, kMlperf), row.mlperf);
  }
}

// ceil(n * p) of exact fractions, where doubles would end a hair above.
TEST(Percentile, MultipliesBeforeItDivides) {
  EXPECT_GT(0.07 * 100, 7);  // the trap
  EXPECT_EQ(PercentileRank(100, 7, kNearest), 7u);
  EXPECT_EQ(PercentileRank(10, 90, kNearest), 9u);
  EXPECT_EQ(PercentileRank(1000, 99.9, kNearest), 999u);
  EXPECT_EQ(PercentileRank(1, 99, kNearest), 1u);
  EXPECT_EQ(PercentileRank(1, 1, kNearest), 1u);
  EXPECT_EQ(PercentileRank(1, 99, kMlperf), 1u);
  for (std::size_t n = 1; n < 500; ++n)
    for (const std::size_t whole : {50u, 75u, 90u, 95u, 99u})
      EXPECT_EQ(PercentileRank(n, static_cast<double>(whole), kNearest),
                (n * whole + 99) / 100);
  EXPECT_THROW(PercentileRank(0, 90, kNearest), std::logic_error);
}

// MLPerf's numbers; and P(at most one over) in closed form on both sides.
TEST(SampleSize, ComesFromEarlyStopping) {
  EXPECT_EQ(MinSamples(90), 64);
  EXPECT_EQ(MinSamples(99), 662);
  EXPECT_EQ(MinSamples(95), 130);
  for (const double percent : {50.0, 75.0, 90.0, 95.0, 97.0, 99.0, 99.9}) {
    const double over = 1 - percent / 100, under = percent / 100;
    const auto at_most_one = [&](double n) {
      return std::pow(under, n) + n * over * std::pow(under, n - 1);
    };
    const auto n = static_cast<double>(MinSamples(percent));
    EXPECT_LE(at_most_one(n), 0.01) << percent;
    EXPECT_GT(at_most_one(n - 1), 0.01) << percent;
  }
}

TEST(SampleSize, AllowsAsManyOverAsTheBinomialSays) {
  EXPECT_EQ(AllowedOver(43, 90, 0.99), -1);  // 0.9^43 = 0.0108
  EXPECT_EQ(AllowedOver(44, 90, 0.99), 0);   // 0.9^44 = 0.0097
  EXPECT_EQ(AllowedOver(63, 90, 0.99), 0);
  EXPECT_EQ(AllowedOver(64, 90, 0.99), 1);
  EXPECT_EQ(AllowedOver(0, 90, 0.99), -1);
  for (const int n : {662, 1000, 2500})
    for (const double percent : {90.0, 99.0}) {
      const auto t = static_cast<int>(AllowedOver(n, percent, 0.99));
      EXPECT_LE(Cdf(t, n, 1 - percent / 100), 0.01L);
      EXPECT_GT(Cdf(t + 1, n, 1 - percent / 100), 0.01L);
    }
}

// The usual tables of intervals of the median (Conover, Practical Nonparametric
// Statistics, A3 of n and 1/2).
TEST(QuantileRanks, AreThoseOfTheTables) {
  const std::map<std::size_t, std::pair<std::size_t, std::size_t>> known = {
      {6, {1, 6}},    {10, {2, 9}},   {20, {6, 15}},
      {30, {10, 21}}, {50, {18, 33}}, {100, {40, 61}}};
  for (const auto& [n, ranks] : known)
    EXPECT_EQ(QuantileRanks(n, 0.5, 0.95), ranks) << n;
  for (const std::size_t n : {0, 1, 2, 5})
    EXPECT_FALSE(QuantileRanks(n, 0.5, 0.95).has_value()) << n;
}

// Samples of a known distribution: the share of intervals that hold the true
// quantile is the binomial's own, at least the level.
TEST(QuantileRanks, CoverAsOftenAsTheySay) {
  constexpr int kRuns = 4000;
  Random random(7);
  for (const auto& [n, q] : {std::pair{20, 0.5}, {130, 0.95}, {150, 0.9}}) {
    const auto ranks = QuantileRanks(static_cast<std::size_t>(n), q, 0.95);
    ASSERT_TRUE(ranks.has_value());
    const auto low = static_cast<int>(ranks->first);
    const auto high = static_cast<int>(ranks->second);
    const auto exact =
        static_cast<double>(Cdf(high - 1, n, q) - Cdf(low - 1, n, q));
    EXPECT_GE(exact, 0.95);
    const double truth = -std::log1p(-q);  // of the exponential
    int held = 0;
    std::vector<double> sample(static_cast<std::size_t>(n));
    for (int run = 0; run < kRuns; ++run) {
      for (double& value : sample) value = -std::log1p(-random.Uniform());
      std::sort(sample.begin(), sample.end());
      held += sample[ranks->first - 1] <= truth &&
              truth < sample[ranks->second - 1];
    }
    const double sd = std::sqrt(exact * (1 - exact) / kRuns);
    EXPECT_NEAR(static_cast<double>(held) / kRuns, exact, 4 * sd);
  }
}

TEST(Estimates, SayNothingThatTheSampleCannotCarry) {
  const LatencyEstimates none = EstimateLatencies({});
  EXPECT_EQ(none.n, 0);
  for (const Estimate* estimate :
       {&none.min, &none.median, &none.p90, &none.p95, &none.p99, &none.max}) {
    EXPECT_FALSE(estimate->value.has_value());
    EXPECT_FALSE(estimate->reason.empty());
  }
  const std::vector<std::int64_t> one = {5};
  EXPECT_EQ(EstimateLatencies(one).median.value, 5);
  EXPECT_FALSE(EstimateLatencies(one).median.ci.has_value());
  const std::vector<std::int64_t> two = {7, 4};
  EXPECT_EQ(EstimateLatencies(two).median.value, 5.5);
  EXPECT_EQ(EstimateLatencies(two).min.value, 4);
  EXPECT_EQ(EstimateLatencies(two).max.value, 7);

  std::vector<std::int64_t> many(661);
  std::iota(many.begin(), many.end(), 1);
  const LatencyEstimates short_of = EstimateLatencies(many);
  EXPECT_EQ(short_of.p90.value, 595);  // ceil(594.9)
  EXPECT_EQ(short_of.p95.value, 628);  // ceil(627.95)
  EXPECT_FALSE(short_of.p99.value.has_value());
  EXPECT_EQ(short_of.p99.reason, "p99 needs 662 samples, there are 661");
  many.push_back(662);
  EXPECT_EQ(EstimateLatencies(many).p99.value, 656);  // ceil(655.38)
  EXPECT_TRUE(EstimateLatencies(many).p99.ci.has_value());
  EstimatorOptions mlperf;
  mlperf.method = PercentileMethod::kMlperf;
  EXPECT_EQ(EstimateLatencies(many, mlperf).p99.value, 656);  // floor + 1
  EXPECT_EQ(EstimateLatencies(many, mlperf).p90.value, 596);
}

TEST(Estimates, TakeTies) {
  const std::vector<std::int64_t> same(64, 3);
  const LatencyEstimates estimates = EstimateLatencies(same);
  EXPECT_EQ(estimates.median.value, 3);
  EXPECT_EQ(estimates.p90.value, 3);
  ASSERT_TRUE(estimates.p90.ci.has_value());
  EXPECT_EQ(estimates.p90.ci->low, 3);
  EXPECT_EQ(estimates.p90.ci->high, 3);
}

TEST(PercentileMethod, NamesReadBack) {
  EXPECT_EQ(ParsePercentileMethod("mlperf"), kMlperf);
  EXPECT_EQ(ParsePercentileMethod("nearest-rank"), kNearest);
  EXPECT_NE(testing::InputErrorOf([] {
              ParsePercentileMethod("numpy");
            }).find("nearest-rank"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
