#include "reports/display.h"

#include <gtest/gtest.h>

#include "reports/comparison.h"
#include "reports/methods.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

TEST(FormatNumberTest, PartsThousandsAndRoundsToFourDigits) {
  EXPECT_EQ(FormatNumber(0), "0");
  EXPECT_EQ(FormatNumber(-0.0), "0");
  EXPECT_EQ(FormatNumber(999), "999");
  EXPECT_EQ(FormatNumber(1000), "1\u202f000");
  EXPECT_EQ(FormatNumber(-1234567), "-1\u202f234\u202f567");
  EXPECT_EQ(FormatNumber(199990000), "199\u202f990\u202f000");
  EXPECT_EQ(FormatNumber(41.23456), "41.23");
  EXPECT_EQ(FormatNumber(53.9), "53.90");
  EXPECT_EQ(FormatNumber(1234.56), "1\u202f235");
  EXPECT_EQ(FormatNumber(999.96), "1\u202f000");
  EXPECT_EQ(FormatNumber(0.000123456), "0.0001235");
  EXPECT_EQ(FormatNumber(1e15), "1.000e+15");
}

TEST(FormatPercentTest, NeverRoundsAShareUpToTheWhole) {
  EXPECT_EQ(FormatPercent(0), "0%");
  EXPECT_EQ(FormatPercent(1), "100%");
  EXPECT_EQ(FormatPercent(0.5), "50.00%");
  EXPECT_EQ(FormatPercent(0.0314159), "3.142%");
  EXPECT_EQ(FormatPercent(0.99999), "99.999%");
  EXPECT_EQ(FormatPercent(0.9999999), "99.99999%");
}

TEST(FormatSecondsTest, ChangesTheUnitWithTheSize) {
  EXPECT_EQ(FormatSeconds(0.25), "0.25 s");
  EXPECT_EQ(FormatSeconds(42.14), "42.1 s");
  EXPECT_EQ(FormatSeconds(59.97), "1 min 0 s");
  EXPECT_EQ(FormatSeconds(200), "3 min 20 s");
  EXPECT_EQ(FormatSeconds(7500), "2 h 5 min");
}

TEST(NumberStyleTest, ValuesOfAMetricWithSeveralUnitsCarryTheirs) {
  RunFolder run;
  for (const char* unit : {"px", "degrees"}) {
    run.records.push_back(testing::EncodeRecord("clip", "chart_threshold", 3));
    run.records.back().unit = unit;
  }
  const std::vector<RunFolder> runs = {run};
  const NumberStyle style(runs);
  EXPECT_EQ(style.Value(run.records[0]), "3 px");
  EXPECT_EQ(style.Value(run.records[1]), "3 degrees");
  EXPECT_EQ(MetricsUsed(runs).at(0).unit, "");
  run.records.pop_back();
  const std::vector<RunFolder> one = {run};
  EXPECT_EQ(NumberStyle(one).Value(run.records[0]), "3");
  EXPECT_EQ(MetricsUsed(one).at(0).unit, "px");
}

TEST(NumberStyleTest, SharesArePercentagesAndCountsAreNot) {
  const std::vector<RunFolder> runs = {testing::SampleRun()};
  const NumberStyle style(runs);
  EXPECT_EQ(style.Value(runs[0].records[0]), "12\u202f345");
  EXPECT_EQ(style.Value(runs[0].records[1]), "2");
  EXPECT_EQ(style.Value(runs[0].records[2]), "41.23");
  EXPECT_EQ(style.Value(runs[0].records[4]), "skipped");
  EXPECT_EQ(style.Value(runs[0].records[5]), "3.142%");
  EXPECT_EQ(style.Interval(runs[0].records[5]), "[2.000%, 5.000%]");
  EXPECT_EQ(style.Value(runs[0].records[6]), "no value");
  EXPECT_EQ(style.Value(runs[0].records[7]), "failed");
}

TEST(TaskTablesTest, OnlyPartsThatVaryAreColumns) {
  std::vector<RunFolder> runs = {testing::SampleRun()};
  runs[0].records[3].setting["dtype"] = "bf16";
  const std::vector<TaskTable> tables = MakeTaskTables(runs);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].task, "encode");
  EXPECT_EQ(tables[0].parts, (std::vector<std::string>{"encoder", "dtype"}));
  EXPECT_EQ(tables[0].constant,
            (std::vector<std::pair<std::string, std::string>>{
                {"dataset", "photos"}, {"batch", "32"}}));
  EXPECT_EQ(tables[0].metrics, (std::vector<std::string>{"images", "unreadable",
                                                         "encode_throughput"}));
  ASSERT_EQ(tables[0].rows.size(), 3u);
  EXPECT_EQ(tables[0].rows[1].values[0][1], nullptr);
  EXPECT_TRUE(tables[0].rows[2].failed[0]);
  EXPECT_EQ(tables[1].parts, (std::vector<std::string>{"encoder"}));
}

TEST(TaskTablesTest, CellsThatLookAlikeAreNamed) {
  RunFolder run;
  run.records = {testing::EncodeRecord("clip", "images", 1),
                 testing::EncodeRecord("clip", "images", 2)};
  run.records[1].cell = "another";
  const std::vector<RunFolder> runs = {run};
  const std::vector<TaskTable> tables = MakeTaskTables(runs);
  EXPECT_EQ(tables.at(0).parts, (std::vector<std::string>{"encoder", "cell"}));
  EXPECT_EQ(tables[0].rows.at(1).parts.back(), "another");
}

TEST(CountRunTest, CountsCellsByTheirOutcome) {
  const RunSummaryCounts counts = CountRun(testing::SampleRun());
  EXPECT_EQ(counts.records, 8u);
  EXPECT_EQ(counts.cells, 4u);
  EXPECT_EQ(counts.ok, 3u);
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.unreadable, 2);
  EXPECT_EQ(counts.seconds, 4 * 61);
  EXPECT_LT(CountRun(RunFolder{}).unreadable, 0);
}

TEST(RunLabelsTest, TellEqualNamesApart) {
  std::vector<RunFolder> runs(4);
  runs[0].path = "a/run";
  runs[1].path = "b/run";
  runs[2].path = "b/run";
  runs[3].path = "c/other";
  for (RunFolder& run : runs) run.name = run.path.filename().string();
  EXPECT_EQ(RunLabels(runs), (std::vector<std::string>{"a/run", "b/run #2",
                                                       "b/run #3", "other"}));
}

TEST(MissingCellsTest, NamesTheRunThatLacksACell) {
  std::vector<RunFolder> runs = {testing::SampleRun(), testing::SampleRun()};
  std::erase_if(runs[1].records,
                [](const Record& record) { return record.task == "mine"; });
  EXPECT_EQ(MissingCells(runs),
            (std::vector<std::pair<std::size_t, std::string>>{
                {1, testing::kMineCell}}));
}

}  // namespace
}  // namespace eyechart::reports
