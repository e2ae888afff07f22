#include "reports/history/history_baseline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reports/gate/gate.h"
#include "tests/reports/history/history_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::Lines;
using testing::NightRun;

class HistoryBaselineTest : public ::testing::Test {
 protected:
  RunFolder Latency(int night, double value, const std::string& cpu = "A") {
    RunFolder run = NightRun(night, {value}, "top1", cpu);
    Record& record = run.records[0];
    record.metric = "latency_median";
    record.unit = "ns";
    record.direction = "lower";
    record.ci.reset();
    return run;
  }
  // The commit is what is under test.
  static Policy OtherBuild() {
    Policy policy;
    policy.may_differ.push_back("commit");
    return policy;
  }
  HistoryBaseline Baseline(const RunFolder& candidate,
                           const std::string& run = "") {
    return BaselineFromHistory({folder_ / "h.sqlite", run}, candidate);
  }
  TempFolder folder_;
  HistoryStore store_ = HistoryStore::OpenOrCreate(folder_ / "h.sqlite");
};

TEST_F(HistoryBaselineTest, IsTheNewestRunOfTheMachine) {
  store_.Add(Latency(1, 100));
  const HistoryRun wanted = store_.Add(Latency(2, 110)).run;
  store_.Add(Latency(3, 300, "B"));
  const RunFolder candidate = Latency(4, 112);
  store_.Add(candidate);  // the candidate itself is no baseline
  const HistoryBaseline baseline = Baseline(candidate);
  EXPECT_EQ(baseline.run.name, "night2");
  EXPECT_EQ(Lines(baseline.run.records), Lines(store_.Records(wanted)));
  EXPECT_TRUE(baseline.warnings.empty());
  EXPECT_EQ(Baseline(candidate, "night1").run.name, "night1");
  EXPECT_EQ(Baseline(candidate, wanted.Id()).run.name, "night2");
  // Another build on the same machine is comparable.
  const GateResult result =
      JudgeRuns(baseline.run, candidate, OtherBuild(), baseline.noise);
  EXPECT_TRUE(result.environment.empty());
}

TEST_F(HistoryBaselineTest, AnotherMachineIsSaid) {
  store_.Add(Latency(1, 100));
  const RunFolder candidate = Latency(2, 100, "B");
  const HistoryBaseline baseline = Baseline(candidate);
  ASSERT_EQ(baseline.warnings.size(), 1u);
  EXPECT_TRUE(Contains(baseline.warnings[0], "no run was measured in the"));
  const GateResult result =
      JudgeRuns(baseline.run, candidate, OtherBuild(), baseline.noise);
  EXPECT_EQ(result.verdict, Verdict::kIncomparable);
  EXPECT_TRUE(result.environment.contains("cpu"));
}

TEST_F(HistoryBaselineTest, NoiseIsOfTheRunsSinceTheLastChange) {
  for (int night = 1; night <= 20; ++night)
    store_.Add(Latency(night, 500 + night % 2));
  // 104, 100, 102, 104, ...
  for (int night = 21; night <= 32; ++night)
    store_.Add(Latency(night, 100 + 2 * (night % 3)));
  const HistoryBaseline baseline = Baseline(Latency(40, 100));
  const auto& cell = baseline.noise.cells.at({"c0", "latency_median"});
  EXPECT_EQ(cell.values.size(), 10u);
  EXPECT_EQ(cell.floor, 4);
  EXPECT_NEAR(cell.deviation, 1.7, 0.2);
  // Up to an older run, the noise is of its own time.
  const HistoryBaseline older = Baseline(Latency(40, 100), "night20");
  EXPECT_EQ(older.noise.FloorOf("c0", "latency_median"), 1);
}

// A history has no noise.json that could be missing.
TEST_F(HistoryBaselineTest, TooFewRunsForTheirNoiseAreSaid) {
  const auto with_ci = [this](int night, double value) {
    RunFolder run = Latency(night, value);
    run.records[0].ci = Interval{value - 5, value + 5, 0.95, "wilson"};
    return run;
  };
  store_.Add(with_ci(1, 100));
  const RunFolder candidate = with_ci(2, 101);
  const HistoryBaseline baseline = Baseline(candidate);
  const GateResult result =
      JudgeRuns(baseline.run, candidate, OtherBuild(), baseline.noise);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_TRUE(Contains(result.warnings[0], "h.sqlite: too few runs: how much"))
      << result.warnings[0];
}

TEST_F(HistoryBaselineTest, NoiseIsOfOneBuildsInputs) {
  for (int night = 1; night <= 8; ++night) {
    RunFolder run = Latency(night, 100 + 10 * night);
    if (night > 5) run.records[0].dataset_sha256 = "other";
    store_.Add(run);
  }
  const HistoryBaseline baseline = Baseline(Latency(9, 100));
  EXPECT_EQ(baseline.noise.cells.at({"c0", "latency_median"}).values,
            (std::vector<double>{160, 170, 180}));
}

TEST_F(HistoryBaselineTest, TheGateJudgesByIt) {
  for (int night = 1; night <= 12; ++night)
    store_.Add(Latency(night, 1000 + 10 * (night % 3)));
  const auto verdict = [&](double value) {
    const RunFolder candidate = Latency(20, value);
    const HistoryBaseline baseline = Baseline(candidate);
    return JudgeRuns(baseline.run, candidate, OtherBuild(), baseline.noise)
        .verdict;
  };
  EXPECT_EQ(verdict(1300), Verdict::kRegressed);
  EXPECT_EQ(verdict(1005), Verdict::kPass);
  EXPECT_EQ(verdict(800), Verdict::kImproved);
}

TEST_F(HistoryBaselineTest, ASmallerBaselineIsSaid) {
  store_.Add(NightRun(1, {0.1, 0.2, 0.3}));
  store_.Add(NightRun(2, {0.1}));
  const HistoryBaseline baseline = Baseline(NightRun(3, {0.1, 0.2, 0.3}));
  ASSERT_EQ(baseline.warnings.size(), 1u);
  EXPECT_TRUE(Contains(baseline.warnings[0], "has 1 results, the one before"))
      << baseline.warnings[0];
}

TEST_F(HistoryBaselineTest, ReferencesAndErrors) {
  const std::string file = (folder_ / "h.sqlite").string();
  EXPECT_EQ(ParseHistoryReference(file)->run, "");
  EXPECT_EQ(ParseHistoryReference(file + "@night1")->run, "night1");
  EXPECT_EQ(ParseHistoryReference(file + "@night1")->file, file);
  EXPECT_FALSE(ParseHistoryReference(folder_.path().string()));
  EXPECT_FALSE(ParseHistoryReference((folder_ / "none").string()));
  EXPECT_FALSE(
      InputErrorOf([&] { ParseHistoryReference(file + "@"); }).empty());
  EXPECT_TRUE(Contains(InputErrorOf([&] { Baseline(Latency(1, 1)); }),
                       "the history holds none"));
  store_.Add(Latency(1, 1));
  EXPECT_TRUE(Contains(InputErrorOf([&] { Baseline(Latency(1, 1)); }),
                       "the history holds only RUN itself"));
}

}  // namespace
}  // namespace eyechart::reports
