#include "reports/gate/ab_remeasure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/csv.h"
#include "core/text.h"
#include "tests/reports/gate/fake_build.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Contains;
using testing::FakeBuild;
using testing::LatencyRecord;
using testing::RunWriter;
using testing::ScoreRecord;
using testing::Times;

constexpr const char* kSpeed = "clip/bench/photos/default";
constexpr const char* kScore = "clip/knn/photos/default";

// A run of one cell with a latency and a throughput, and one with scores.
RunWriter& Fill(RunWriter& run, double slowdown, const std::string& answers) {
  std::string csv = "query,pair,started_ns,latency_ns\n";
  for (int i = 0; i < 9; ++i)
    csv += fmt::format("{},,{},{}\n", i, 5000 + 2000 * i,
                       std::lround((1000.0 + i) * slowdown));
  run.Write("samples/" + CellSlug(kSpeed) + ".csv", csv);
  run.Write("environment.json", "{\"schema\": 1, \"cpu\": \"toy\"}");
  run.Write("suite.toml", "[suite]\n");
  Record latency = LatencyRecord(kSpeed, 1004 * slowdown);
  latency.task = "bench";
  latency.seconds = 2 * slowdown;
  Record throughput = latency;
  throughput.metric = "encode_throughput";
  throughput.unit = "images/s";
  throughput.direction = "higher";
  throughput.value = 1e6 / slowdown;
  run.Add(latency).Add(throughput).AddTop1(kScore, answers);
  return run;
}

class Ab : public ::testing::Test {
 protected:
  Ab() {
    const std::string answers = Times(90, '1') + Times(10, '0');
    Fill(old_run_, 1, answers);
    Fill(slow_run_, 1.1, answers);
    WriteText(folder_ / "suite.toml", "[suite]\n");
    old_ = FakeBuild(folder_.path(), "old", old_run_.path());
    slow_ = FakeBuild(folder_.path(), "slow", slow_run_.path());
  }
  AbOptions Options(const fs::path& before, const fs::path& after) const {
    AbOptions options;
    options.baseline_binary = before;
    options.candidate_binary = after;
    options.suite = folder_ / "suite.toml";
    options.out = folder_ / "out";
    return options;
  }
  GateResult Judge(const Remeasured& runs) const {
    return JudgeRuns(runs.baseline, runs.candidate, Policy{}, runs.noise);
  }
  std::vector<std::string> Calls() const {
    std::vector<std::string> calls;
    std::istringstream in(ReadFile(folder_ / "calls"));
    for (std::string line; std::getline(in, line);) calls.push_back(line);
    return calls;
  }
  static const GateCell& Find(const GateResult& result,
                              const std::string& metric) {
    const auto found =
        std::ranges::find(result.cells, metric, &GateCell::metric);
    EXPECT_NE(found, result.cells.end()) << metric;
    return *found;
  }

  TempFolder folder_;
  RunWriter old_run_{folder_ / "old_run"};
  RunWriter slow_run_{folder_ / "slow_run"};
  fs::path old_;
  fs::path slow_;
};

TEST(PairOrder, GoesAbbaOrBaabByACoin) {
  std::set<bool> first;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<bool> order = PairOrder(9, seed);
    ASSERT_EQ(order.size(), 9u);
    for (std::size_t pair = 1; pair < 9; pair += 2)
      EXPECT_NE(order[pair], order[pair - 1]) << seed;
    first.insert(order[0]);
    EXPECT_EQ(order, PairOrder(9, seed));
  }
  EXPECT_EQ(first.size(), 2u);
}

TEST(PairsNeeded, KeepTheLeastPBelowTheAdjustedLevel) {
  EXPECT_EQ(PairsNeeded(7, 1, 0.05), 7);
  for (const std::size_t results : {2u, 20u, 200u, 2000u}) {
    const auto pairs = static_cast<double>(PairsNeeded(1, results, 0.05));
    const double bar = 0.05 / static_cast<double>(results);
    EXPECT_LE(std::exp2(1 - pairs), bar);
    EXPECT_GT(std::exp2(2 - pairs), bar);
  }
}

TEST_F(Ab, FindsTheSlowerBuildByPairedRatios) {
  const Remeasured runs = AbRemeasure(Options(old_, slow_)).MeasureSuite(7);
  const GateResult result = Judge(runs);
  EXPECT_EQ(result.exit_code, 1);
  for (const char* metric : {"latency_median", "encode_throughput"}) {
    const GateCell& cell = Find(result, metric);
    EXPECT_EQ(cell.verdict, Verdict::kRegressed) << metric;
    EXPECT_TRUE(cell.test.starts_with("signed-rank")) << cell.test;
    EXPECT_EQ(cell.n, 7);
    EXPECT_NEAR(*cell.p, std::exp2(-6), 1e-12);
  }
  EXPECT_NEAR(*Find(result, "latency_median").difference, 100, 1);
  EXPECT_NEAR(*Find(result, "encode_throughput").difference, 1e6 / 1.1 - 1e6,
              1);
  EXPECT_EQ(Find(result, "top1").verdict, Verdict::kPass);
}

TEST_F(Ab, PassesTwoBuildsThatAreAlike) {
  const fs::path same = FakeBuild(folder_.path(), "same", old_run_.path());
  const GateResult result =
      Judge(AbRemeasure(Options(old_, same)).MeasureSuite(7));
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.cells.size(), 3u);
}

TEST_F(Ab, TimesInTurnWhatHasASpeedAndScoresOnce) {
  AbRemeasure(Options(old_, slow_)).MeasureSuite(8);
  const std::vector<std::string> calls = Calls();
  ASSERT_EQ(calls.size(), 2u + 16u);
  EXPECT_EQ(calls[0], "old *");
  EXPECT_EQ(calls[1], "slow *");
  const std::string a = std::string("old ") + kSpeed;
  const std::string b = std::string("slow ") + kSpeed;
  for (std::size_t at = 2; at < calls.size(); at += 4) {
    const std::vector<std::string> block(
        calls.begin() + static_cast<std::ptrdiff_t>(at),
        calls.begin() + static_cast<std::ptrdiff_t>(at) + 4);
    EXPECT_TRUE(block == std::vector<std::string>({a, b, b, a}) ||
                block == std::vector<std::string>({b, a, a, b}));
  }
}

// Samples carry the pair and lie on one clock without overlap.
TEST_F(Ab, JoinsSamplesAsTheGateReadsThem) {
  const Remeasured runs = AbRemeasure(Options(old_, slow_)).MeasureSuite(7);
  std::vector<std::pair<double, double>> turns;
  for (const RunFolder* run : {&runs.baseline, &runs.candidate}) {
    const CsvTable table =
        CsvTable::ReadFile(run->path / "samples" / (CellSlug(kSpeed) + ".csv"));
    EXPECT_EQ(table.rows(), 63u);
    std::set<std::string> pairs;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      pairs.insert(table.at(row, table.Column("pair")));
      const double start =
          *ParseDouble(table.at(row, table.Column("started_ns")));
      turns.emplace_back(start, start + *ParseDouble(table.at(
                                            row, table.Column("latency_ns"))));
    }
    EXPECT_EQ(pairs.size(), 7u);
    EXPECT_EQ(run->environment["cpu"], "toy");
    EXPECT_TRUE(fs::exists(run->path / "suite.toml"));
  }
  std::ranges::sort(turns);
  for (std::size_t i = 1; i < turns.size(); ++i)
    EXPECT_GE(turns[i].first, turns[i - 1].second);
  EXPECT_FALSE(fs::exists(folder_ / "out" / "turns"));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "turns.csv"));
}

TEST_F(Ab, LeavesOutTheSamplesOfASweepAlone) {
  const std::string file = "samples/" + CellSlug(kSpeed) + ".csv";
  const auto judge = [&](const std::string& csv) {
    for (RunWriter* run : {&old_run_, &slow_run_}) run->Write(file, csv);
    AbOptions options = Options(old_, slow_);
    options.out = folder_ / (csv.starts_with("stage") ? "sweep" : "damaged");
    const Remeasured runs = AbRemeasure(options).MeasureSuite(7);
    EXPECT_EQ(fs::exists(runs.candidate.path / file),
              !csv.starts_with("stage"));
    return Judge(runs);
  };
  judge("stage,ns\nnms,3\n");
  const std::string error =
      InputErrorOf([&] { judge("latncy_ns,started_ns\n3,0\n"); });
  EXPECT_TRUE(Contains(error, "no column \"latency_ns\"")) << error;
}

TEST_F(Ab, JudgesTheWallTimeOfCellsWhereAsked) {
  AbOptions options = Options(old_, slow_);
  options.seconds = true;
  const GateResult result = Judge(AbRemeasure(options).MeasureSuite(7));
  const GateCell& cell = Find(result, kCellSeconds);
  EXPECT_EQ(cell.cell, kSpeed);
  EXPECT_EQ(cell.verdict, Verdict::kRegressed);
  EXPECT_NEAR(*cell.difference, 0.2, 1e-9);
}

TEST_F(Ab, ACrashOfTheCandidateIsAnErrorWithItsReason) {
  const fs::path crash =
      FakeBuild(folder_.path(), "crash", slow_run_.path(), 0,
                "[ \"$6\" = '*' ] || { echo bang >&2; kill -SEGV $$; }");
  const GateResult result =
      Judge(AbRemeasure(Options(old_, crash)).MeasureSuite(7));
  EXPECT_EQ(result.exit_code, 4);
  const GateCell& cell = Find(result, "latency_median");
  EXPECT_EQ(cell.verdict, Verdict::kError);
  EXPECT_TRUE(Contains(cell.reason, "Segmentation fault")) << cell.reason;
  EXPECT_TRUE(Contains(cell.reason, "bang")) << cell.reason;
}

TEST_F(Ab, ACandidateThatNeverRunsIsMissing) {
  const fs::path crash =
      FakeBuild(folder_.path(), "crash", slow_run_.path(), 0, "kill -ABRT $$");
  const GateResult result =
      Judge(AbRemeasure(Options(old_, crash)).MeasureSuite(7));
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.missing.size(), 2u);
}

TEST_F(Ab, ABaselineThatMeasuresNothingIsAnError) {
  const fs::path crash =
      FakeBuild(folder_.path(), "crash", old_run_.path(), 0, "kill -ABRT $$");
  EXPECT_TRUE(Contains(
      InputErrorOf([&] { AbRemeasure(Options(crash, slow_)).MeasureSuite(7); }),
      "measured nothing"));
  const fs::path refuse = FakeBuild(folder_.path(), "refuse", old_run_.path(),
                                    2, "echo 'suite.toml:1: bad key' >&2");
  EXPECT_TRUE(Contains(
      InputErrorOf([&] { AbRemeasure(Options(old_, refuse)).MeasureSuite(7); }),
      "bad key"));
}

TEST_F(Ab, RefusesFewPairsAndFoldersOfOthers) {
  EXPECT_TRUE(Contains(
      InputErrorOf([&] { AbRemeasure(Options(old_, slow_)).MeasureSuite(6); }),
      "--pairs 6"));
  WriteText(folder_ / "out" / "precious", "");
  EXPECT_TRUE(Contains(
      InputErrorOf([&] { AbRemeasure ab(Options(old_, slow_)); }), "--out"));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "precious"));
}

// Only what is open is measured, with both builds in turn.
TEST_F(Ab, ConfirmsWhatWasRegressed) {
  const RunFolder baseline = old_run_.Read();
  const GateResult first =
      JudgeRuns(baseline, slow_run_.Read(), Policy{}, Noise{});
  AbOptions options = Options(old_, slow_);
  options.baseline = baseline;
  AbRemeasure remeasure(options);
  const GateResult result = Confirm(first, remeasure, 21, Policy{});
  const GateCell& cell = Find(result, "latency_median");
  EXPECT_EQ(cell.verdict, Verdict::kRegressed);
  EXPECT_EQ(cell.n, 21);
  EXPECT_TRUE(Contains(cell.reason, "measured again after")) << cell.reason;
  for (const std::string& call : Calls())
    EXPECT_TRUE(Contains(call, kSpeed)) << call;
}

// A fluke of the first run is gone when it is measured again.
TEST_F(Ab, ConfirmingClearsAFluke) {
  const RunFolder baseline = old_run_.Read();
  const GateResult first =
      JudgeRuns(baseline, slow_run_.Read(), Policy{}, Noise{});
  ASSERT_EQ(first.exit_code, 1);
  const fs::path same = FakeBuild(folder_.path(), "same", old_run_.path());
  AbOptions options = Options(old_, same);
  options.baseline = baseline;
  AbRemeasure remeasure(options);
  const GateResult result = Confirm(first, remeasure, 21, Policy{});
  EXPECT_EQ(result.verdict, Verdict::kPass);
}

TEST_F(Ab, WithoutTheOldBuildTheStoredBaselineStands) {
  const RunFolder baseline = old_run_.Read();
  const GateResult first =
      JudgeRuns(baseline, slow_run_.Read(), Policy{}, Noise{});
  AbOptions options = Options({}, slow_);
  options.baseline = baseline;
  AbRemeasure remeasure(options);
  const Remeasured runs =
      remeasure.Measure(std::vector<std::string>{kSpeed}, 7);
  EXPECT_EQ(runs.baseline.path, baseline.path);
  for (const Record& record : runs.baseline.records)
    EXPECT_EQ(record.cell, kSpeed);
  EXPECT_EQ(Calls().size(), 7u);
  const GateResult again = Judge(runs);
  EXPECT_TRUE(Find(again, "latency_median").test.starts_with("unpaired"));
}

// A build that calls the cell otherwise is asked by its own name.
TEST_F(Ab, FollowsAliases) {
  RunWriter renamed(folder_ / "renamed");
  std::string lines = ReadFile(slow_run_.path() / "records.jsonl");
  const std::string name = "new/bench/photos/default";
  for (std::size_t at; (at = lines.find(kSpeed)) != std::string::npos;)
    lines.replace(at, std::string(kSpeed).size(), name);
  renamed.Write("records.jsonl", lines);
  renamed.Write(
      "samples/" + CellSlug(name) + ".csv",
      ReadFile(slow_run_.path() / "samples" / (CellSlug(kSpeed) + ".csv")));
  const fs::path build =
      FakeBuild(folder_.path(), "new", renamed.path(), 0,
                fmt::format("[ \"$6\" != '{}' ] || exit 2", kSpeed));
  AbOptions options = Options(old_, build);
  options.baseline = old_run_.Read();
  options.aliases = {{kSpeed, name}};
  AbRemeasure remeasure(options);
  const Remeasured runs =
      remeasure.Measure(std::vector<std::string>{kSpeed}, 7);
  const GateResult result = Judge(runs);
  EXPECT_EQ(Find(result, "latency_median").verdict, Verdict::kRegressed);
  options.out = folder_ / "suite_out";
  const GateResult all = Judge(AbRemeasure(options).MeasureSuite(7));
  EXPECT_TRUE(all.missing.empty());
  EXPECT_EQ(Find(all, "latency_median").verdict, Verdict::kRegressed);
}

}  // namespace
}  // namespace eyechart::reports
