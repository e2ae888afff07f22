#include "benchmarks/nms_sweep/candidate_cost.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::array<double, 7> kSizes = {10, 30, 100, 300, 1000, 3000, 8000};

double Planted(double n) { return 1500 + 42 * n + 0.0125 * n * n; }

// `pictures` of points; noise in parts of the time, and a factor a picture.
std::vector<CostPoint> Points(std::size_t pictures, double noise) {
  std::normal_distribution<double> normal(0, noise);
  std::vector<CostPoint> points;
  for (std::size_t p = 0; p < pictures; ++p) {
    const double of_picture = 1 + normal(testing::Rng());
    for (const double n : kSizes)
      points.push_back(
          {p, n, Planted(n) * of_picture * (1 + normal(testing::Rng()))});
  }
  return points;
}

TEST(FitCost, FindsWhatWasPlanted) {
  const auto fit = FitCost(Points(5, 0));
  ASSERT_TRUE(fit.has_value());
  EXPECT_NEAR(fit->constant.value, 1500, 1e-4);
  EXPECT_NEAR(fit->linear.value, 42, 1e-7);
  EXPECT_NEAR(fit->quadratic.value, 0.0125, 1e-11);
  EXPECT_LT(fit->residual_ns, 1e-3);
  EXPECT_NEAR(fit->explained, 1, 1e-12);
  EXPECT_EQ(fit->least_boxes, 10);
  EXPECT_EQ(fit->most_boxes, 8000);
  EXPECT_EQ(fit->points, 35);
  EXPECT_NEAR(fit->At(200), Planted(200), 1e-3);
  // Pictures that agree leave nothing open.
  ASSERT_TRUE(fit->linear.ci.has_value());
  EXPECT_NEAR(fit->linear.ci->high - fit->linear.ci->low, 0, 1e-7);
}

// The normal equations by Cramer's rule, in long double.
std::array<long double, 3> ByCramer(const std::vector<CostPoint>& points) {
  std::array<long double, 5> x{};
  std::array<long double, 3> y{};
  for (const CostPoint& point : points) {
    long double power = 1;
    for (std::size_t i = 0; i < 5; ++i) {
      x[i] += power;
      if (i < 3) y[i] += power * point.ns;
      power *= point.boxes;
    }
  }
  const auto determinant = [&](int replaced) {
    const auto at = [&](std::size_t row, std::size_t column) {
      return static_cast<int>(column) == replaced ? y[row] : x[row + column];
    };
    long double sum = 0;
    for (std::size_t c = 0; c < 3; ++c)
      sum += at(0, c) * (at(1, (c + 1) % 3) * at(2, (c + 2) % 3) -
                         at(1, (c + 2) % 3) * at(2, (c + 1) % 3));
    return sum;
  };
  const long double all = determinant(-1);
  return {determinant(0) / all, determinant(1) / all, determinant(2) / all};
}

TEST(FitCost, IsLeastSquares) {
  for (int round = 0; round < 20; ++round) {
    const std::vector<CostPoint> points = Points(6, 0.2);
    const auto fit = FitCost(points, {.resamples = 0});
    ASSERT_TRUE(fit.has_value());
    const std::array<long double, 3> other = ByCramer(points);
    const auto near = [](double ours, long double theirs) {
      EXPECT_NEAR(ours, static_cast<double>(theirs),
                  1e-7 * std::abs(static_cast<double>(theirs)));
    };
    near(fit->constant.value, other[0]);
    near(fit->linear.value, other[1]);
    near(fit->quadratic.value, other[2]);
    double squares = 0;
    for (const CostPoint& point : points)
      squares += std::pow(point.ns - fit->At(point.boxes), 2);
    EXPECT_NEAR(fit->residual_ns,
                std::sqrt(squares / static_cast<double>(points.size())),
                1e-6 * fit->residual_ns);
    EXPECT_FALSE(fit->linear.ci.has_value());
  }
}

TEST(FitCost, IntervalsHoldThePlantedCoefficients) {
  int held = 0, boxes_held = 0;
  constexpr int kRounds = 120;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<CostPoint> points = Points(30, 0.05);
    const CostOptions options = {300, static_cast<std::uint64_t>(round), 0.95};
    const auto fit = FitCost(points, options);
    const auto& ci = fit->linear.ci;
    ASSERT_TRUE(ci.has_value());
    held += ci->low <= 42 && 42 <= ci->high;
    const auto boxes = BoxesAt(points, Planted(900), options);
    boxes_held += boxes->ci->low <= 900 && 900 <= boxes->ci->high;
  }
  // 95 % of 120 is 114; the bootstrap of 30 pictures is somewhat narrow.
  EXPECT_GE(held, 102);
  EXPECT_GE(boxes_held, 102);
}

TEST(FitCost, WantsThreeNumbersOfBoxes) {
  EXPECT_FALSE(FitCost({}).has_value());
  std::vector<CostPoint> points = {{0, 5, 10}, {1, 5, 11}, {2, 9, 20}};
  EXPECT_FALSE(FitCost(points).has_value());
  EXPECT_FALSE(BoxesAt(points, 15).has_value());
  points.push_back({0, 12, 30});
  EXPECT_TRUE(FitCost(points).has_value());
  // All of one picture: no interval.
  points = {{0, 5, 10}, {0, 9, 20}, {0, 12, 30}};
  EXPECT_FALSE(FitCost(points)->linear.ci.has_value());
}

TEST(BoxesAt, IsTheFirstCrossing) {
  const std::vector<CostPoint> points = Points(3, 0);
  EXPECT_NEAR(BoxesAt(points, Planted(700))->value, 700, 1e-6);
  EXPECT_EQ(BoxesAt(points, 1000)->value, 0);  // the constant alone is more
  // 0 to 100 and back: reaches 75 at n = 50, never 101.
  std::vector<CostPoint> arch;
  for (const double n : {0.0, 50.0, 100.0, 150.0, 200.0})
    for (const std::size_t picture : {0u, 1u})
      arch.push_back({picture, n, 2 * n - n * n / 100});
  EXPECT_NEAR(BoxesAt(arch, 75)->value, 50, 1e-9);
  EXPECT_FALSE(BoxesAt(arch, 101).has_value());
  // Falling from the start.
  std::vector<CostPoint> fall;
  for (const double n : {1.0, 2.0, 3.0, 4.0})
    fall.push_back({0, n, -n - n * n});
  EXPECT_FALSE(BoxesAt(fall, 5).has_value());
}

}  // namespace
}  // namespace eyechart::benchmarks
