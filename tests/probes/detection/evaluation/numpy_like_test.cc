#include "probes/detection/evaluation/numpy_like.h"

#include <gtest/gtest.h>

#include <cmath>

namespace eyechart::detection {
namespace {

// Literals are what numpy.linspace gives.
TEST(NumpyLikeTest, LinspaceRoundsAsNumpy) {
  const std::vector<double> iou = Linspace(0.5, 0.95, 10);
  ASSERT_EQ(iou.size(), 10u);
  EXPECT_EQ(iou[5], 0.75);
  EXPECT_EQ(iou[8], 0.8999999999999999);
  EXPECT_EQ(iou[9], 0.95);
  const std::vector<double> recall = Linspace(0, 1, 101);
  EXPECT_EQ(recall[57], 0.5700000000000001);
  EXPECT_EQ(recall[100], 1);
  EXPECT_EQ(Linspace(3, 9, 1), std::vector<double>{3});
}

TEST(NumpyLikeTest, MeanIsPairwise) {
  EXPECT_TRUE(std::isnan(NumpyMean({})));
  EXPECT_EQ(NumpyMean(std::vector<double>{1, 2, 4}), 7.0 / 3);
  // Of eight running sums one holds the 1s and one 1e16 alone: a plain sum
  // would lose every 1 behind it.
  std::vector<double> values(16, 0);
  values[0] = 1e16;
  values[1] = values[9] = 1;
  EXPECT_EQ(NumpyMean(values), (1e16 + 2) / 16);
  // Whole numbers are exact in any order.
  std::vector<double> many;
  for (int i = 0; i < 20000; ++i) many.push_back(i);
  EXPECT_EQ(NumpyMean(many), 9999.5);
}

}  // namespace
}  // namespace eyechart::detection
