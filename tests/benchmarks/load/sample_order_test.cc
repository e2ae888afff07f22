#include "benchmarks/load/sample_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

// Largest distance of the sample's distribution function from `cdf`.
template <typename Function>
double KolmogorovSmirnov(std::vector<double> values, const Function& cdf) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double at = cdf(values[i]);
    distance = std::max({distance, static_cast<double>(i + 1) / n - at,
                         at - static_cast<double>(i) / n});
  }
  return distance;
}

// Gaps of a Poisson process are exponential, and its times are uniform given
// their number. 1.95 / sqrt(n): the statistic's 0.1 % point.
TEST(PoissonArrivals, PassKolmogorovSmirnov) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const double rate = 250;
    const auto arrivals = PoissonArrivals(rate, 5000, 0, 10'000, seed);
    ASSERT_EQ(arrivals.size(), 5000u);
    std::vector<double> gaps, places;
    std::int64_t last = 0;
    for (const std::int64_t time : arrivals) {
      gaps.push_back(static_cast<double>(time - last) * 1e-9 * rate);
      last = time;
    }
    for (std::size_t i = 0; i + 1 < arrivals.size(); ++i)
      places.push_back(static_cast<double>(arrivals[i]) /
                       static_cast<double>(last));
    const double limit = 1.95 / std::sqrt(5000.0);
    EXPECT_LT(KolmogorovSmirnov(gaps, [](double x) { return -std::expm1(-x); }),
              limit);
    EXPECT_LT(KolmogorovSmirnov(places, [](double x) { return x; }), limit);
    // Even arrivals would pass neither.
    EXPECT_GT(KolmogorovSmirnov(std::vector<double>(5000, 1.0),
                                [](double x) { return -std::expm1(-x); }),
              limit);
  }
}

TEST(PoissonArrivals, LastUntilBothAreReached) {
  const auto by_count = PoissonArrivals(1000, 300, 0.01, 10'000, 3);
  EXPECT_EQ(by_count.size(), 300u);
  const auto by_time = PoissonArrivals(1000, 10, 2, 10'000, 3);
  EXPECT_GE(by_time.back(), 2'000'000'000);
  EXPECT_LT(by_time[by_time.size() - 2], 2'000'000'000);
  EXPECT_TRUE(std::is_sorted(by_time.begin(), by_time.end()));
  // The same seed gives the same times, whatever the length.
  EXPECT_TRUE(std::equal(by_count.begin(), by_count.end(), by_time.begin()));
  EXPECT_NE(PoissonArrivals(1000, 300, 0, 10'000, 4), by_count);
  EXPECT_NE(testing::InputErrorOf([] {
              PoissonArrivals(1000, 10, 60, 10'000, 3);
            }).find("lower rate"),
            std::string::npos);
}

TEST(SampleOrder, GoesThroughAllBeforeAnyComesAgain) {
  const std::vector<std::int64_t> samples = {3, 5, 8, 9};
  SampleOrder order(samples, 1);
  std::set<std::vector<std::int64_t>> orders;
  for (int pass = 0; pass < 200; ++pass) {
    std::vector<std::int64_t> seen;
    for (int i = 0; i < 4; ++i) seen.push_back(order.Next());
    orders.insert(seen);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, samples);
  }
  EXPECT_EQ(orders.size(), 24u);  // all of 4!
  SampleOrder again(samples, 1), other(samples, 2);
  SampleOrder first(samples, 1);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t next = first.Next();
    EXPECT_EQ(again.Next(), next);
    differ += other.Next() != next;
  }
  EXPECT_GT(differ, 20);
}

TEST(DrawSubset, DrawsWithoutReplacement) {
  EXPECT_EQ(DrawSubset(3, 0, 1), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(DrawSubset(3, 9, 1), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_TRUE(DrawSubset(0, 0, 1).empty());
  std::map<std::int64_t, int> counts;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const auto subset = DrawSubset(6, 2, seed);
    ASSERT_EQ(subset.size(), 2u);
    EXPECT_LT(subset[0], subset[1]);
    for (const std::int64_t id : subset) ++counts[id];
  }
  // Each is in a third of them: 1000, sd 26.
  for (const auto& [id, count] : counts) EXPECT_NEAR(count, 1000, 105) << id;
}

}  // namespace
}  // namespace eyechart::benchmarks
