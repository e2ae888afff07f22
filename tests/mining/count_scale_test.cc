#include "mining/count_scale.h"

#include <gtest/gtest.h>

#include <limits>

namespace eyechart::mining {
namespace {

std::vector<std::string> Names(const CountScale& scale) {
  std::vector<std::string> names;
  for (int level = 0; level < scale.levels(); ++level)
    names.push_back(scale.Name(level));
  return names;
}

using Texts = std::vector<std::string>;

TEST(CountScale, FewPairsHaveFineSteps) {
  EXPECT_EQ(Names(CountScale({0, 2.5})), (Texts{"1"}));
  EXPECT_EQ(Names(CountScale({3})), (Texts{"1", "3"}));
  EXPECT_EQ(Names(CountScale({29, 10, 0})), (Texts{"1", "3", "10"}));
  EXPECT_EQ(Names(CountScale({99999})),
            (Texts{"1", "3", "10", "30", "100", "300", "1,000", "3,000",
                   "10,000", "30,000"}));
}

TEST(CountScale, ManyPairsHaveOneADecade) {
  EXPECT_EQ(Names(CountScale({100000})),
            (Texts{"1", "10", "100", "1,000", "10⁴", "10⁵"}));
  EXPECT_EQ(CountScale({8e15}).Name(15), "10¹⁵");
  EXPECT_EQ(CountScale({8e15}).levels(), 16);
}

TEST(CountScale, ACountIsInTheLevelThatItReaches) {
  const CountScale scale({5000});
  EXPECT_EQ(scale.LevelOf(0), -1);
  EXPECT_EQ(scale.LevelOf(-1), -1);
  EXPECT_EQ(scale.LevelOf(std::numeric_limits<double>::quiet_NaN()), -1);
  EXPECT_EQ(scale.LevelOf(0.01), 0);  // an estimate is not nothing
  EXPECT_EQ(scale.LevelOf(2.999), 0);
  EXPECT_EQ(scale.LevelOf(3), 1);
  EXPECT_EQ(scale.LevelOf(10), 2);
  EXPECT_EQ(scale.LevelOf(999.9), 5);
  EXPECT_EQ(scale.LevelOf(1000), 6);
  EXPECT_EQ(scale.LevelOf(5000), 7);
  EXPECT_EQ(scale.levels(), 8);
}

TEST(CountScale, StrengthRisesToOne) {
  const CountScale scale({1e9});
  for (int level = 1; level < scale.levels(); ++level)
    EXPECT_GT(scale.Opacity(level), scale.Opacity(level - 1));
  EXPECT_GT(scale.Opacity(0), 0.1);
  EXPECT_EQ(scale.Opacity(scale.levels() - 1), 1);
  EXPECT_GT(CountScale({1}).Opacity(0), 0.3);
}

TEST(CountScale, NoCountsHaveNoLevels) {
  EXPECT_EQ(CountScale({}).levels(), 0);
  EXPECT_EQ(CountScale({0, 0}).levels(), 0);
  EXPECT_EQ(CountScale({0, 0}).LevelOf(0), -1);
}

}  // namespace
}  // namespace eyechart::mining
