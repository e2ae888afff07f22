#include "reports/gate/run_differences.h"

#include <gtest/gtest.h>

#include "core/statistics.h"
#include "tests/fixture.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::LatencyRecord;
using testing::RunWriter;
using testing::ScoreRecord;
using testing::Times;

class RunDifferencesTest : public ::testing::Test {
 protected:
  RunDifferences Compare() {
    return CompareRuns(first_.Read(), second_.Read());
  }

  TempFolder folder_;
  RunWriter first_{folder_ / "first"};
  RunWriter second_{folder_ / "second"};
};

TEST_F(RunDifferencesTest, AnswersArePairedByItem) {
  first_.AddTop1("a", Times(90, '1') + Times(10, '0'));
  second_.AddTop1("a", Times(60, '1') + Times(40, '0'));
  const RunDifferences differences = Compare();
  ASSERT_EQ(differences.rows.size(), 1u);
  const RunDifference& row = differences.rows[0];
  EXPECT_DOUBLE_EQ(*row.difference, -0.3);
  EXPECT_EQ(row.test, "mcnemar exact");
  EXPECT_EQ(*row.p, McNemarExactP(30, 0));
  EXPECT_EQ(row.p_adjusted, row.p);
  EXPECT_EQ(row.n, 100);
  const Interval ci = PairedDifferenceInterval(60, 30, 0, 10);
  EXPECT_DOUBLE_EQ(row.ci->low, ci.low);
  EXPECT_DOUBLE_EQ(row.ci->high, ci.high);
  ASSERT_TRUE(row.least_change);
  EXPECT_GT(*row.least_change, 0);
  EXPECT_LT(*row.least_change, 0.3);
}

TEST_F(RunDifferencesTest, PValuesAreAdjustedOverAllOfThem) {
  for (const std::string cell : {"a", "b", "c"}) {
    first_.AddTop1(cell, Times(90, '1') + Times(10, '0'));
    second_.AddTop1(cell, Times(cell == "a" ? 80 : 90, '1') +
                              Times(cell == "a" ? 20 : 10, '0'));
  }
  const RunDifferences differences = Compare();
  EXPECT_EQ(differences.tested, 3u);
  EXPECT_DOUBLE_EQ(*differences.rows[0].p_adjusted, 3 * McNemarExactP(10, 0));
  EXPECT_EQ(*differences.rows[1].p_adjusted, 1);
  EXPECT_EQ(differences.rows[1].note, "the same on every item");
}

TEST_F(RunDifferencesTest, WhatCannotBePairedSaysWhy) {
  first_.Add(ScoreRecord("a", "ap", 0.5, 10));
  second_.Add(ScoreRecord("a", "ap", 0.4, 10));
  first_.Add(ScoreRecord("b", "top1", 0.5, 10));
  Record none = ScoreRecord("b", "top1", 0.5, 10);
  none.value.reset();
  none.message = "not finite";
  second_.Add(none);
  const RunDifferences differences = Compare();
  EXPECT_FALSE(differences.rows[0].p);
  EXPECT_FALSE(differences.rows[0].ci);
  EXPECT_TRUE(Contains(differences.rows[0].note, "noise from change"));
  EXPECT_FALSE(differences.rows[1].difference);
  EXPECT_TRUE(Contains(differences.rows[1].note, "second: not finite"));
  EXPECT_EQ(differences.tested, 0u);
}

TEST_F(RunDifferencesTest, CountsAndMetricsWithoutADirectionAreShown) {
  first_.Add(ScoreRecord("a", "near_pairs", 12, 100));
  second_.Add(ScoreRecord("a", "near_pairs", 15, 100));
  const RunDifferences differences = Compare();
  EXPECT_EQ(*differences.rows[0].difference, 3);
  EXPECT_EQ(differences.rows[0].test, "exact values");
  EXPECT_FALSE(differences.rows[0].least_change);
}

TEST_F(RunDifferencesTest, OtherMachinesAreSaidNotRefused) {
  first_.Write("environment.json", R"({"cpu": "a"})")
      .AddLatency("a", {10, 11, 12, 10, 11, 12, 13});
  Record other = LatencyRecord("a", 20);
  other.environment = "fedcba9876543210";
  second_.Write("environment.json", R"({"cpu": "b"})").Add(other);
  const RunDifferences differences = Compare();
  EXPECT_EQ(*differences.rows[0].difference, 9);
  EXPECT_TRUE(Contains(differences.rows[0].note, "other environment"));
  EXPECT_FALSE(differences.warnings.empty());
}

TEST_F(RunDifferencesTest, WhatOneRunLacksIsListed) {
  first_.AddTop1("a", "1100").AddTop1("gone|x", "1100");
  second_.AddTop1("a", "1100").AddTop1("new", "1100");
  const RunDifferences differences = Compare();
  EXPECT_EQ(differences.only_first, std::vector<std::string>{"gone|x top1"});
  EXPECT_EQ(differences.only_second, std::vector<std::string>{"new top1"});
  const std::string text = DifferencesToMarkdown(differences, "old", "new");
  EXPECT_TRUE(Contains(text, "gone\\|x top1")) << text;
  EXPECT_TRUE(Contains(text, "1 tested together")) << text;
  const Json json = DifferencesToJson(differences);
  EXPECT_EQ(json["rows"][0]["p"], 1);
  EXPECT_EQ(json["only_second"][0], "new top1");
}

TEST_F(RunDifferencesTest, RunsWithNothingInCommonAreAnError) {
  first_.AddTop1("a", "1100");
  second_.AddTop1("b", "1100");
  EXPECT_TRUE(Contains(InputErrorOf([&] { Compare(); }), "in common"));
}

}  // namespace
}  // namespace eyechart::reports
