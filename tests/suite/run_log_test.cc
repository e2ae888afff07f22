#include "suite/run_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/files.h"
#include "tests/fixture.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using testing::InputErrorOf;
using testing::TempFolder;

RunLog Open(const fs::path& folder,
            bool fresh = false,
            const std::string& suite = "suite",
            const Json& env = {{"cpu", 1}}) {
  return RunLog(folder, suite, env, "hash", "command", fresh);
}

Record Measured(const std::string& cell, RecordStatus status) {
  Record record;
  record.cell = cell;
  record.status = status;
  return record;
}

TEST(RunLog, RemembersWhatIsDoneAndForgetsErrors) {
  const TempFolder folder;
  const fs::path out = folder / "run";
  {
    RunLog log = Open(out);
    EXPECT_EQ(log.run(), "run");
    EXPECT_TRUE(log.done().empty());
    log.Append({Measured("a", RecordStatus::kOk),
                Measured("a", RecordStatus::kSkipped)});
    log.Append({Measured("b", RecordStatus::kError)});
    log.Append({Measured("c", RecordStatus::kError)});
    log.Append({Measured("c", RecordStatus::kOk)});
  }
  const RunLog log = Open(out);
  EXPECT_EQ(log.done().at("a").size(), 2u);
  EXPECT_FALSE(log.done().contains("b"));
  EXPECT_TRUE(log.done().contains("c"));
}

TEST(RunLog, CutsOffARowThatAKilledProcessLeft) {
  const TempFolder folder;
  { Open(folder / "run").Append({Measured("a", RecordStatus::kOk)}); }
  std::ofstream(folder / "run/records.jsonl", std::ios::app) << "{\"schema\":";
  RunLog log = Open(folder / "run");
  log.Append({Measured("b", RecordStatus::kOk)});
  EXPECT_EQ(ReadRecords(folder / "run/records.jsonl").size(), 2u);
}

TEST(RunLog, RefusesAnotherSuiteAndForeignFolders) {
  const TempFolder folder;
  Open(folder / "run");
  EXPECT_NE(InputErrorOf([&] {
              Open(folder / "run", false, "other");
            }).find("another suite"),
            std::string::npos);
  testing::WriteText(folder / "photos/a.jpg", "precious");
  for (const bool fresh : {false, true})
    EXPECT_NE(InputErrorOf([&] {
                Open(folder / "photos", fresh);
              }).find("no run folder"),
              std::string::npos);
  EXPECT_TRUE(fs::exists(folder / "photos/a.jpg"));
}

TEST(RunLog, FreshForgetsTheRunAndNothingElse) {
  const TempFolder folder;
  { Open(folder / "run").Append({Measured("a", RecordStatus::kOk)}); }
  testing::WriteText(folder / "run/notes.txt", "mine");
  const RunLog log = Open(folder / "run", true, "other");
  EXPECT_TRUE(log.done().empty());
  EXPECT_EQ(ReadFile(folder / "run/suite.toml"), "other");
  EXPECT_TRUE(fs::exists(folder / "run/notes.txt"));
}

TEST(RunLog, KeepsTheEnvironmentsOfARunThatMoved) {
  const TempFolder folder;
  Open(folder / "run");
  Open(folder / "run");
  EXPECT_FALSE(fs::exists(folder / "run/environment-hash.json"));
  Open(folder / "run", false, "suite", {{"cpu", 2}});
  EXPECT_EQ(ReadJsonFile(folder / "run/environment.json")["cpu"], 1);
  EXPECT_EQ(ReadJsonFile(folder / "run/environment-hash.json")["cpu"], 2);
}

}  // namespace
}  // namespace eyechart::suite
