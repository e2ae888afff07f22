#include "reports/history/change_points.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::Rng;

std::vector<double> Noise(std::size_t n) {
  std::normal_distribution<double> normal(0, 1);
  std::vector<double> values(n);
  for (double& value : values) value = normal(Rng());
  return values;
}

TEST(SplitStatistics, AreThoseOfTheFormula) {
  // Of 0, 1 and 4, 6 the differences between are 4, 6, 3, 5, those within 1
  // and 2: 2 * 2 / 4 * (2 * 18 / 4 - 1 - 2) = 6.
  const std::vector<double> q =
      SplitStatistics(std::vector<double>{0, 1, 4, 6});
  ASSERT_EQ(q.size(), 5u);
  EXPECT_NEAR(q[2], 6, 1e-12);
  // A single value has no spread to hold against.
  EXPECT_EQ(q[0], 0);
  EXPECT_EQ(q[1], 0);
  EXPECT_EQ(q[3], 0);
  EXPECT_EQ(SplitStatistics({}), std::vector<double>{0});
}

TEST(FindChangePoints, FindsPlantedChanges) {
  std::vector<double> values = Noise(60);
  for (std::size_t i = 20; i < 60; ++i) values[i] += i < 45 ? 8 : -8;
  const ChangePoints found = FindChangePoints(values);
  ASSERT_EQ(found.points.size(), 2u);
  EXPECT_EQ(found.points[0].index, 20u);
  EXPECT_EQ(found.points[1].index, 45u);
  EXPECT_NEAR(found.points[0].before, 0, 1);
  EXPECT_NEAR(found.points[0].after, 8, 1);
  EXPECT_EQ(found.points[0].after, found.points[1].before);
  EXPECT_DOUBLE_EQ(found.first_p, 0.001);
}

TEST(FindChangePoints, ASegmentHasItsLeastLength) {
  std::vector<double> values = Noise(30);
  for (std::size_t i = 27; i < 30; ++i) values[i] += 50;
  const ChangePoints found = FindChangePoints(values);
  ASSERT_EQ(found.points.size(), 1u);
  EXPECT_EQ(found.points[0].index, 27u);
  ChangePointOptions options;
  options.min_segment = 4;
  for (const ChangePoint& point : FindChangePoints(values, options).points)
    EXPECT_LE(point.index, 26u);
  values[27] = values[28] = 0;
  EXPECT_TRUE(FindChangePoints(values).points.empty());
}

TEST(FindChangePoints, ShortAndEqualValuesDoNotChange) {
  EXPECT_TRUE(FindChangePoints({}).points.empty());
  EXPECT_TRUE(
      FindChangePoints(std::vector<double>{1, 1, 9, 9, 9}).points.empty());
  const ChangePoints same = FindChangePoints(std::vector<double>(100, 3.25));
  EXPECT_TRUE(same.points.empty());
  EXPECT_EQ(same.first_p, 1);
  // Two levels without noise are a change all the same.
  std::vector<double> steps(20, 1);
  steps.resize(40, 2);
  ASSERT_EQ(FindChangePoints(steps).points.size(), 1u);
  EXPECT_EQ(FindChangePoints(steps).points[0].Relative(), 1);
}

TEST(FindChangePoints, TheScaleAndTheOriginDoNotMatter) {
  std::vector<double> values = Noise(50);
  for (std::size_t i = 30; i < 50; ++i) values[i] += 2;
  const ChangePoints found = FindChangePoints(values);
  for (double& value : values) value = value * 1e-6 + 5;
  const ChangePoints moved = FindChangePoints(values);
  ASSERT_EQ(found.points.size(), moved.points.size());
  EXPECT_EQ(found.first_p, moved.first_p);
  for (std::size_t i = 0; i < found.points.size(); ++i)
    EXPECT_EQ(found.points[i].index, moved.points[i].index);
}

TEST(FindChangePoints, RefusesWhatMakesNoSense) {
  const std::vector<double> values = {1, NAN, 3};
  EXPECT_THROW(FindChangePoints(values), std::logic_error);
  ChangePointOptions options;
  options.min_segment = 1;
  EXPECT_THROW(FindChangePoints({}, options), std::logic_error);
  options = {};
  options.alpha = 0;
  EXPECT_THROW(FindChangePoints({}, options), std::logic_error);
}

}  // namespace
}  // namespace eyechart::reports
