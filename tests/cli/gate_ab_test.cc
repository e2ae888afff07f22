#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/reports/gate/fake_build.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using reports::testing::Contains;
using reports::testing::FakeBuild;
using reports::testing::RunWriter;
using testing::Eyechart;
using testing::TempFolder;
using testing::WriteText;

// Two builds whose latencies differ by 10 %, as files and not by the clock.
class GateAbCommand : public ::testing::Test {
 protected:
  GateAbCommand() {
    old_run_.AddLatency("clip/bench/photos/default", {100, 101, 102});
    slow_run_.AddLatency("clip/bench/photos/default", {110, 111.1, 112.2});
    WriteText(suite_, "[suite]\n");
    old_ = FakeBuild(folder_.path(), "old", old_run_.path()).string();
    slow_ = FakeBuild(folder_.path(), "slow", slow_run_.path()).string();
  }
  testing::ProcessResult Ab(const std::string& before,
                            const std::string& after,
                            std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"gate", "--ab",    before,
                                          after,  "--suite", suite_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Eyechart(arguments);
  }

  TempFolder folder_;
  fs::path suite_ = folder_ / "suite.toml";
  RunWriter old_run_{folder_ / "old_run"};
  RunWriter slow_run_{folder_ / "slow_run"};
  std::string old_;
  std::string slow_;
};

TEST_F(GateAbCommand, FindsTheSlowerBuildAndPassesTheSame) {
  const auto slower = Ab(old_, slow_, {"--json"});
  EXPECT_EQ(slower.exit_code, 1) << slower.err;
  const Json json = Json::parse(slower.out);
  EXPECT_EQ(json["command"], "gate");
  EXPECT_EQ(json["verdict"], "regressed");
  EXPECT_EQ(json["cells"][0]["test"], "signed-rank, paired ratios");
  EXPECT_EQ(json["cells"][0]["n"], 7);
  EXPECT_EQ(Ab(old_, old_).exit_code, 0);
  EXPECT_EQ(Ab(slow_, old_).exit_code, 0);
}

TEST_F(GateAbCommand, KeepsWhatWasMeasuredWhereAsked) {
  const fs::path out = folder_ / "kept";
  EXPECT_EQ(Ab(old_, slow_, {"--out", out.string()}).exit_code, 1);
  for (const char* kept : {"turns.csv", "baseline/records.jsonl",
                           "candidate/records.jsonl", "logs"})
    EXPECT_TRUE(fs::exists(out / kept)) << kept;
  // The folders that it left are a baseline and a run like any other.
  EXPECT_EQ(Eyechart({"gate", (out / "candidate").string(), "--baseline",
                      (out / "baseline").string()})
                .exit_code,
            1);
  EXPECT_EQ(Ab(old_, old_, {"--out", out.string()}).exit_code, 0);
}

TEST_F(GateAbCommand, ConfirmsWithThreeTimesThePairs) {
  const auto result = Ab(old_, slow_, {"--confirm", "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(Json::parse(result.out)["cells"][0]["n"], 21);
}

TEST_F(GateAbCommand, ConfirmsARunAgainstABaseline) {
  const std::vector<std::string> judge = {
      "gate",       slow_run_.path().string(),
      "--baseline", old_run_.path().string(),
      "--suite",    suite_.string(),
      "--confirm"};
  // Three samples leave it open, or not; taking turns decides.
  auto both = judge;
  both.insert(both.end(), {"--binary", slow_, "--baseline-binary", old_});
  const auto slower = Eyechart(both);
  EXPECT_EQ(slower.exit_code, 1) << slower.out << slower.err;
  EXPECT_TRUE(Contains(slower.out, "measured again after")) << slower.out;
  auto fluke = judge;
  fluke.insert(fluke.end(), {"--binary", old_, "--baseline-binary", old_});
  EXPECT_EQ(Eyechart(fluke).exit_code, 0);
}

TEST_F(GateAbCommand, HelpNamesTheTwoPrograms) {
  const auto help = Eyechart({"gate", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_TRUE(Contains(help.out, "--ab OLD NEW ")) << help.out;
  EXPECT_FALSE(Contains(help.out, "NEW x")) << help.out;
  EXPECT_EQ(Eyechart({"gate", "--ab", old_}).exit_code, 2);
}

TEST_F(GateAbCommand, SaysWhatDoesNotGoTogether) {
  EXPECT_EQ(Ab(old_, slow_, {"--pairs", "3"}).exit_code, 2);
  EXPECT_EQ(Ab(old_, slow_, {"--baseline", "x"}).exit_code, 2);
  EXPECT_EQ(Ab(old_, slow_, {"--update-baseline", "why"}).exit_code, 2);
  EXPECT_EQ(Eyechart({"gate", "--ab", old_, slow_}).exit_code, 2);
  const auto no_binary = Eyechart({"gate", slow_run_.path().string(),
                                   "--baseline", old_run_.path().string(),
                                   "--confirm", "--suite", suite_.string()});
  EXPECT_EQ(no_binary.exit_code, 2);
  EXPECT_TRUE(Contains(no_binary.err, "--binary")) << no_binary.err;
  const auto no_program = Ab((folder_ / "none").string(), slow_);
  EXPECT_EQ(no_program.exit_code, 2);
  EXPECT_TRUE(Contains(no_program.err, "none: no such file")) << no_program.err;
}

// Were the signal not sent on, the program would never end.
TEST_F(GateAbCommand, AnInterruptReachesTheProgramBeingMeasured) {
  const std::string endless =
      FakeBuild(folder_.path(), "endless", old_run_.path(), 0,
                "trap 'exit 143' TERM; while :; do sleep 0.01; done")
          .string();
  const auto result = testing::EyechartWithSignal(
      {"gate", "--ab", endless, old_, "--suite", suite_.string()}, SIGTERM,
      std::chrono::milliseconds(500));
  EXPECT_EQ(result.exit_code, 143) << result.err;
}

}  // namespace
}  // namespace eyechart
