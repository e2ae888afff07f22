#include "reports/history/history_series.h"

#include <gtest/gtest.h>

#include "reports/history/history_changes.h"
#include "tests/reports/history/history_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::Rng;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::NightRun;

class HistorySeriesTest : public ::testing::Test {
 protected:
  HistoryStore store() const {
    return HistoryStore::OpenOrCreate(folder_ / "history.sqlite");
  }
  // 30 nights of three cells; c1 falls by 0.2 on night 21, with other weights.
  void AddChange() {
    HistoryStore to = store();
    std::normal_distribution<double> noise(0, 0.01);
    for (int night = 1; night <= 30; ++night) {
      RunFolder run = NightRun(
          night, {0.5 + noise(Rng()), (night < 21 ? 0.8 : 0.6) + noise(Rng()),
                  0.3 + noise(Rng())});
      if (night >= 21) run.records[1].weights_sha256 = "other";
      to.Add(run);
    }
  }
  TempFolder folder_;
};

TEST(MachineOf, LeavesOutWhatIsUnderTest) {
  const Json machine = {{"cpu", "A"}, {"threads", 2}};
  Json later = machine;
  later["eyechart"] = "0.2";
  later["commit"] = "abc";
  later["memory"] = "1 kB";
  EXPECT_EQ(MachineOf({"x", machine}), MachineOf({"y", later}));
  later["threads"] = 4;
  EXPECT_NE(MachineOf({"x", machine}), MachineOf({"y", later}));
  EXPECT_EQ(MachineOf({"x", nullptr}), "x");
  EXPECT_TRUE(MachineName({"x", machine}).starts_with("A ("));
}

TEST_F(HistorySeriesTest, AreByCellMetricAndMachineInTime) {
  HistoryStore to = store();
  for (const int night : {3, 1, 2}) to.Add(NightRun(night, {night / 10.0}));
  to.Add(NightRun(4, {0.9}, "top1", "B"));
  to.Add(NightRun(5, {0.7}, "top5"));
  RunFolder failed = NightRun(6, {0.1});
  failed.records[0].value.reset();
  failed.records[0].status = RecordStatus::kError;
  to.Add(failed);
  const SeriesSet set = ReadSeries(to);
  ASSERT_EQ(set.series.size(), 3u);
  for (const HistorySeries& series : set.series) {
    if (series.metric == "top5") {
      EXPECT_EQ(series.Values(), std::vector<double>{0.7});
    } else if (series.points.size() == 1) {
      EXPECT_EQ(series.Values(), std::vector<double>{0.9});
      EXPECT_TRUE(series.machine_name.starts_with("B ("));
    } else {
      EXPECT_EQ(series.Values(), (std::vector<double>{0.1, 0.2, 0.3}));
      EXPECT_EQ(series.direction, "higher");
      ASSERT_TRUE(series.points[1].ci);
      EXPECT_EQ(series.points[1].ci->low, 0.2 - 0.02);
      EXPECT_EQ(set.runs[series.points[1].run].name, "night2");
    }
  }
}

TEST_F(HistorySeriesTest, FiltersByGlobMachineAndNumber) {
  HistoryStore to = store();
  for (int night = 1; night <= 9; ++night)
    to.Add(NightRun(night, {0.1, 0.2, night / 10.0}));
  SeriesFilter filter;
  filter.cell = "c[2]";
  EXPECT_TRUE(
      Contains(InputErrorOf([&] { ReadSeries(to, filter); }), "no cell"));
  filter.cell = "*2";
  filter.last = 2;
  const SeriesSet set = ReadSeries(to, filter);
  ASSERT_EQ(set.series.size(), 1u);
  EXPECT_EQ(set.series[0].Values(), (std::vector<double>{0.8, 0.9}));
  filter.machine = set.series[0].machine.substr(0, 5);
  EXPECT_EQ(ReadSeries(to, filter).series.size(), 1u);
  filter.machine = "z";
  EXPECT_TRUE(ReadSeries(to, filter).series.empty());
  filter = {};
  filter.metric = "top2";
  EXPECT_TRUE(Contains(InputErrorOf([&] { ReadSeries(to, filter); }),
                       "no metric \"top2\" (did you mean \"top1\"?)"));
}

TEST_F(HistorySeriesTest, ChangesNameRunCommitAndCause) {
  AddChange();
  const SeriesSet set = ReadSeries(store());
  const Changes changes = FindChanges(set);
  EXPECT_EQ(changes.tested, 3u);
  ASSERT_EQ(changes.changes.size(), 1u);
  const SeriesChange& change = changes.changes[0];
  EXPECT_EQ(set.series[change.series].cell, "c1");
  EXPECT_EQ(change.verdict, "worse");
  EXPECT_EQ(change.inputs, std::vector<std::string>{"weights"});
  EXPECT_LE(change.p_adjusted, 0.05);
  const Json row = ChangesToJson(set, changes)[0];
  EXPECT_EQ(row["name"], "night21");
  EXPECT_EQ(row["commit"], "c021");
  EXPECT_EQ(row["previous_commit"], "c020");
  EXPECT_NEAR(row["before"].get<double>(), 0.8, 0.02);
  EXPECT_NEAR(row["relative"].get<double>(), -0.25, 0.05);
  ChangesOptions options;
  options.min_change = 0.5;
  EXPECT_TRUE(FindChanges(set, options).changes.empty());
}

TEST_F(HistorySeriesTest, OneChangeAmongManySeriesIsFound) {
  // 400 series: the p that a lone change needs is below that of 999 draws.
  SeriesSet set;
  set.runs.resize(40);
  std::normal_distribution<double> noise(0, 1);
  for (std::size_t i = 0; i < 400; ++i) {
    HistorySeries series;
    series.direction = "lower";
    for (std::size_t run = 0; run < 40; ++run)
      series.points.push_back(
          {run, noise(Rng()) + (i == 7 && run >= 25 ? 5 : 0), {}, 1, 0});
    set.series.push_back(series);
  }
  const Changes changes = FindChanges(set);
  ASSERT_GE(changes.changes.size(), 1u);
  EXPECT_LE(changes.changes.size(), 2u);
  bool found = false;
  for (const SeriesChange& change : changes.changes)
    found |= change.series == 7 && change.point.index == 25 &&
             change.verdict == "worse";
  EXPECT_TRUE(found);
  set.series.erase(set.series.begin() + 7);
  EXPECT_LE(FindChanges(set).changes.size(), 1u);
}

}  // namespace
}  // namespace eyechart::reports
