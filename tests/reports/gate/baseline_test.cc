#include "reports/gate/baseline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reports/gate/gate.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::LatencyRecord;
using testing::RunWriter;

TEST(BaselineTest, KeepsTheReasonsAndWhatAGateReads) {
  const TempFolder folder;
  RunWriter run(folder / "run");
  run.AddTop1("a", "1100")
      .Write("environment.json", R"({"cpu": "A", "command": "x"})")
      .Write("artifacts/features/big.bin", "x")
      .Write("suite.toml", "[suite]\n");
  const auto baseline = folder / "baseline";
  UpdateBaseline(run.path(), baseline, "the first", "none");
  EXPECT_TRUE(std::filesystem::exists(baseline / "suite.toml"));
  EXPECT_TRUE(std::filesystem::exists(baseline / "outcomes" /
                                      (CellSlug("a") + ".csv")));
  EXPECT_FALSE(std::filesystem::exists(baseline / "artifacts"));
  eyechart::testing::WriteText(baseline / "noise.json", "{}");
  UpdateBaseline(run.path(), baseline, "a better head", "regressed");
  const Json json = ReadJsonFile(baseline / "baseline.json");
  ASSERT_EQ(json["updates"].size(), 2u);
  EXPECT_EQ(json["updates"][0]["reason"], "the first");
  EXPECT_EQ(json["updates"][1]["reason"], "a better head");
  EXPECT_EQ(json["updates"][1]["verdict"], "regressed");
  EXPECT_EQ(json["updates"][1]["run"], "run");
  // The same machine: its noise is still the noise.
  EXPECT_TRUE(std::filesystem::exists(baseline / "noise.json"));
  run.Write("environment.json",
            R"({"cpu": "A", "eyechart": "2", "memory": 9})");
  UpdateBaseline(run.path(), baseline, "a new build", "pass");
  EXPECT_TRUE(std::filesystem::exists(baseline / "noise.json"));
  run.Write("environment.json", R"({"cpu": "B"})");
  UpdateBaseline(run.path(), baseline, "a new machine", "incomparable");
  EXPECT_FALSE(std::filesystem::exists(baseline / "noise.json"));
  // Nothing is left beside them.
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    (void)entry;
    ++entries;
  }
  EXPECT_EQ(entries, 2u);
}

TEST(BaselineTest, RefusesWhatIsNoReasonAndNoRun) {
  const TempFolder folder;
  RunWriter run(folder / "run");
  run.AddTop1("a", "1100");
  EXPECT_TRUE(Contains(InputErrorOf([&] {
                         UpdateBaseline(run.path(), folder / "b", " ", "none");
                       }),
                       "needs a reason"));
  EXPECT_TRUE(Contains(InputErrorOf([&] {
                         UpdateBaseline(folder / "x", folder / "b", "r", "");
                       }),
                       "no such folder"));
  eyechart::testing::WriteText(folder / "other" / "file", "mine");
  EXPECT_TRUE(Contains(InputErrorOf([&] {
                         UpdateBaseline(run.path(), folder / "other", "r", "");
                       }),
                       "no records.jsonl"));
  EXPECT_TRUE(std::filesystem::exists(folder / "other" / "file"));
  EXPECT_TRUE(Contains(
      InputErrorOf([&] { UpdateBaseline(run.path(), run.path(), "r", ""); }),
      "is the baseline itself"));
}

class NoiseTest : public ::testing::Test {
 protected:
  RunFolder Run(const std::string& name, double latency, double score) {
    RunWriter run(folder_ / name);
    run.Add(LatencyRecord("a", latency));
    run.Add(testing::ScoreRecord("a", "top1", score, 100));
    return run.Read();
  }
  TempFolder folder_;
};

TEST_F(NoiseTest, IsTheSpreadOfRunsOfOneBuild) {
  const std::vector<RunFolder> runs = {Run("r1", 100, 0.8), Run("r2", 104, 0.8),
                                       Run("r3", 102, 0.8)};
  const Noise noise = MeasureNoise(runs);
  EXPECT_EQ(noise.FloorOf("a", "latency_median"), 4);
  EXPECT_EQ(noise.FloorOf("a", "top1"), 0);
  // The sample standard deviation of 100, 104 and 102 is 2.
  EXPECT_NEAR(noise.DifferenceDeviation("a", "latency_median", 100),
              2 * std::sqrt(2.0), 1e-12);
  // A cell of the metric that was not there has the pooled relative one.
  EXPECT_NEAR(noise.DifferenceDeviation("b", "latency_median", 1000),
              std::sqrt(2.0) * 2 / 102 * 1000, 1e-9);
  EXPECT_EQ(noise.DifferenceDeviation("b", "map", 1), 0);
  eyechart::testing::WriteText(folder_ / "r1" / "noise.json",
                               NoiseToJson(noise).dump());
  const Noise read = ReadNoise(folder_ / "r1");
  EXPECT_EQ(read.runs, noise.runs);
  EXPECT_EQ(read.FloorOf("a", "latency_median"), 4);
  EXPECT_TRUE(ReadNoise(folder_ / "r2").cells.empty());
}

TEST_F(NoiseTest, RefusesOtherBuildsAndBrokenFiles) {
  std::vector<RunFolder> runs = {Run("r1", 100, 0.8), Run("r2", 104, 0.8)};
  runs[1].records[0].weights_sha256 = "other";
  EXPECT_TRUE(
      Contains(InputErrorOf([&] { MeasureNoise(runs); }), "other weights"));
  runs = {Run("r1", 100, 0.8), Run("r2", 104, 0.8)};
  runs[1].records[0].environment = "other";
  EXPECT_TRUE(
      Contains(InputErrorOf([&] { MeasureNoise(runs); }), "fingerprint is"));
  runs.pop_back();
  EXPECT_TRUE(
      Contains(InputErrorOf([&] { MeasureNoise(runs); }), "two runs or more"));
  for (const char* text :
       {"[]", "{}", R"({"schema":2,"cells":[]})", R"({"schema":1})",
        R"({"schema":1,"cells":3})", R"({"schema":1,"cells":[3]})",
        R"({"schema":1,"cells":[{"cell":"a","metric":"b","values":[1]}]})",
        R"({"schema":1,"cells":[{"cell":"a","metric":"b","values":["x",1]}]})",
        R"({"schema":1,"cells":[{"metric":"b","values":[1,2]}]})"}) {
    eyechart::testing::WriteText(folder_ / "r1" / "noise.json", text);
    EXPECT_TRUE(Contains(InputErrorOf([&] { ReadNoise(folder_ / "r1"); }),
                         "noise.json"))
        << text;
  }
}

TEST_F(NoiseTest, MarginsFinerThanItAreRefusedOrRaised) {
  const RunFolder before = Run("r1", 100, 0.8);
  const RunFolder after = Run("r2", 104, 0.8);
  const Noise noise =
      MeasureNoise(std::vector<RunFolder>{before, Run("r3", 112, 0.8)});
  const std::string error = InputErrorOf([&] {
    JudgeRuns(before, after,
              ParsePolicy("[[rule]]\nmetric = \"latency*\"\nrelative = 0.05\n",
                          "gate.toml"),
              noise);
  });
  EXPECT_TRUE(Contains(error,
                       "gate.toml:1: [[rule]]: relative 0.05 gives 5 "
                       "for a latency_median, its runs differ by 12"))
      << error;
  // A default gives way.
  const GateResult result = JudgeRuns(before, after, Policy{}, noise);
  EXPECT_EQ(result.cells[0].margin, 12);
  EXPECT_EQ(result.cells[0].test, "unpaired: noise from run to run");
  EXPECT_EQ(result.cells[0].verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace eyechart::reports
