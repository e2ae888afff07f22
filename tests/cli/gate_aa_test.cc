// `gate --aa-runs`: the runs that tell the noise, made by the gate itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/csv.h"
#include "core/files.h"
#include "tests/cli/pictures.h"
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
using testing::EyechartJson;
using testing::TempFolder;
using testing::WriteText;

constexpr const char* kCell = "clip/bench/photos/default";

class GateAaCommand : public ::testing::Test {
 protected:
  GateAaCommand() {
    baseline_.AddLatency(kCell, {100, 101, 102});
    again_.AddLatency(kCell, {103, 104, 105});
    WriteText(suite_, "[suite]\n");
    build_ = FakeBuild(folder_.path(), "build", again_.path()).string();
  }
  std::vector<std::string> Aa(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"gate", "--baseline",
                                          baseline_.path().string(), "--suite",
                                          suite_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  // stderr of a call that is refused, before anything is written.
  std::string Refused(const std::vector<std::string>& arguments) {
    const auto result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.out << result.err;
    EXPECT_FALSE(fs::exists(noise_));
    return result.err;
  }
  // How often the fake builds were started.
  std::size_t Calls() const {
    const fs::path calls = folder_ / "calls";
    if (!fs::exists(calls)) return 0;
    const std::string lines = ReadFile(calls);
    return static_cast<std::size_t>(
        std::count(lines.begin(), lines.end(), '\n'));
  }

  TempFolder folder_;
  fs::path suite_ = folder_ / "suite.toml";
  RunWriter baseline_{folder_ / "baseline"};
  RunWriter again_{folder_ / "again"};
  fs::path noise_ = folder_ / "baseline/noise.json";
  std::string build_;
};

TEST_F(GateAaCommand, MakesTheRunsAndKeepsTheirNoiseWithTheBaseline) {
  const fs::path out = folder_ / "kept";
  const Json json =
      EyechartJson(Aa({"--aa-runs", "2", "--binary", build_, "--filter",
                       "*/bench/*", "--out", out.string()}));
  EXPECT_EQ(json["command"], "gate");
  EXPECT_EQ(json["warnings"], Json::array());
  EXPECT_EQ(json["noise"]["runs"], (Json{"baseline", "run-1", "run-2"}));
  const Json& cell = json["noise"]["cells"][0];
  EXPECT_EQ(cell["values"], (Json{101.0, 104.0, 104.0}));
  EXPECT_EQ(cell["floor"], 3.0);
  EXPECT_EQ(ReadJsonFile(noise_), json["noise"]);
  for (const char* kept : {"run-1/records.jsonl", "run-2/records.jsonl",
                           "logs/run-2.err", "runs.csv"})
    EXPECT_TRUE(fs::exists(out / kept)) << kept;
  EXPECT_EQ(ReadFile(folder_ / "calls"), "build */bench/*\nbuild */bench/*\n");
  // A margin below the floor is refused now, as after --aa.
  WriteText(folder_ / "gate.toml", "[defaults.speed]\nrelative = 0.01\n");
  const auto gate = Eyechart({"gate", again_.path().string(), "--baseline",
                              baseline_.path().string(), "--policy",
                              (folder_ / "gate.toml").string()});
  EXPECT_EQ(gate.exit_code, 2);
  EXPECT_TRUE(Contains(gate.err, "noise")) << gate.err;
}

TEST_F(GateAaCommand, TakesRunsThatThereAreAsWell) {
  const Json json = EyechartJson(Aa(
      {"--aa", again_.path().string(), "--aa-runs", "1", "--binary", build_}));
  EXPECT_EQ(json["noise"]["runs"], (Json{"baseline", "again", "run-1"}));
}

TEST_F(GateAaCommand, SaysWhichResultsHaveNoNoise) {
  baseline_.AddTop1("clip/knn/photos/default", "1101");
  const auto result = Eyechart(
      Aa({"--aa-runs", "1", "--binary",
          FakeBuild(folder_.path(), "failing", again_.path(), 6).string()}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Contains(result.err, "run-1: some cells failed")) << result.err;
  EXPECT_TRUE(Contains(result.err, "1 of the baseline's 2 results have no"))
      << result.err;
}

TEST_F(GateAaCommand, SaysWhatCannotBe) {
  const std::vector<std::string> aa = Aa({"--aa-runs", "1"});
  const auto with = [&aa](std::vector<std::string> more) {
    more.insert(more.begin(), aa.begin(), aa.end());
    return more;
  };
  const auto says = [this](const std::vector<std::string>& arguments,
                           const char* what) {
    const std::string error = Refused(arguments);
    EXPECT_TRUE(Contains(error, what)) << error;
  };
  says(Aa({"--aa-runs", "0"}), "--aa-runs 0: should be 1 or more");
  says(with({again_.path().string()}), "--aa-runs measures the noise");
  says(with({"--confirm"}), "--aa-runs judges nothing");
  says(with({"--update-baseline", "why"}), "updates nothing");
  says(with({"--report", "x.xml"}), "--report: --aa-runs");
  says(with({"--binary", (folder_ / "none").string()}), "none: no such file");
  says({"gate", "--ab", build_, build_, "--suite", suite_.string(), "--aa-runs",
        "1"},
       "--aa-runs is for a baseline");
  says({"gate", "--baseline", baseline_.path().string(), "--aa-runs", "1"},
       "--suite is missing");
  WriteText(folder_ / "h.sqlite", "SQLite");
  says({"gate", "--baseline", (folder_ / "h.sqlite").string(), "--suite",
        suite_.string(), "--aa-runs", "1"},
       "a history tells the noise by its own runs");
  says(with({"--binary", build_, "--out", again_.path().string()}),
       "holds no A/A runs");
  const std::string refusing =
      FakeBuild(folder_.path(), "refusing", again_.path(), 2,
                "echo 'suite.toml:3: odd' >&2")
          .string();
  EXPECT_EQ(Calls(), 0u);
  says(with({"--binary", refusing}), "exit code 2: suite.toml:3: odd");
}

// What cannot be compared is found after one run, not after all.
TEST_F(GateAaCommand, StopsAtARunOfAnotherBuild) {
  Record other = reports::testing::LatencyRecord(kCell, 100);
  other.weights_sha256 = std::string(64, 'b');
  RunWriter changed(folder_ / "changed");
  changed.Add(other);
  const std::string error =
      Refused(Aa({"--aa-runs", "3", "--binary",
                  FakeBuild(folder_.path(), "new", changed.path()).string()}));
  EXPECT_TRUE(Contains(error, "other weights")) << error;
  EXPECT_EQ(Calls(), 1u);
}

TEST_F(GateAaCommand, AnInterruptLeavesNothingOrWhatWasAsked) {
  const std::string endless =
      FakeBuild(folder_.path(), "endless", again_.path(), 0,
                "trap 'exit 143' TERM; while :; do sleep 0.01; done")
          .string();
  const fs::path scratch = folder_ / "tmp";
  fs::create_directories(scratch);
  const fs::path out = folder_ / "kept";
  const auto interrupted = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments =
        Aa({"--aa-runs", "2", "--binary", endless});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = testing::EyechartWithSignal(
        arguments, SIGTERM, std::chrono::milliseconds(500));
    EXPECT_EQ(result.exit_code, 143) << result.err;
    EXPECT_FALSE(fs::exists(noise_));
  };
  const char* before = std::getenv("TMPDIR");
  const std::string temporary = before == nullptr ? "" : before;
  ::setenv("TMPDIR", scratch.c_str(), 1);
  interrupted({});
  if (before == nullptr)
    ::unsetenv("TMPDIR");
  else
    ::setenv("TMPDIR", temporary.c_str(), 1);
  EXPECT_TRUE(fs::is_empty(scratch));
  interrupted({"--out", out.string()});
  // The next call takes the folder for its own.
  EXPECT_EQ(Eyechart(Aa({"--aa-runs", "2", "--binary", build_, "--out",
                         out.string()}))
                .exit_code,
            0);
  EXPECT_TRUE(fs::exists(noise_));
}

// eyechart itself, by default: it goes on with what is there.
TEST_F(GateAaCommand, RunsThisBuildAndGoesOn) {
  testing::WritePictures(folder_ / "photos", 6);
  WriteText(suite_,
            "[suite]\nname = \"s\"\n[[encoder]]\nname = \"dino\"\n"
            "model = \"" +
                testing::DemoCheckpoint("dinov2") +
                "\"\n[[dataset]]\nname = \"photos\"\n"
                "kind = \"folder\"\nroot = \"photos\"\n"
                "[[task]]\nkind = \"encode\"\n");
  fs::remove_all(baseline_.path());
  EXPECT_EQ(Eyechart({"run", suite_.string(), "--out",
                      baseline_.path().string(), "--threads", "1"})
                .exit_code,
            0);
  const fs::path out = folder_ / "kept";
  const auto runs = [&](const char* number) {
    return EyechartJson(
        Aa({"--aa-runs", number, "--threads", "1", "--out", out.string()}));
  };
  const Json one = runs("1");
  EXPECT_EQ(one["noise"]["runs"], (Json{"baseline", "run-1"}));
  EXPECT_EQ(one["noise"]["cells"].size(),
            ReadRecords(baseline_.path() / "records.jsonl").size());
  const std::string first = ReadFile(out / "run-1/records.jsonl");
  const Json two = runs("2");
  EXPECT_EQ(two["noise"]["runs"], (Json{"baseline", "run-1", "run-2"}));
  EXPECT_EQ(ReadFile(out / "run-1/records.jsonl"), first);
  EXPECT_EQ(CsvTable::ReadFile(out / "runs.csv").rows(), 3u);
}

}  // namespace
}  // namespace eyechart
