#include <gtest/gtest.h>

#include <string>

#include "core/files.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart {
namespace {

using reports::testing::Contains;
using reports::testing::LatencyRecord;
using reports::testing::RunWriter;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

class HistoryCommand : public ::testing::Test {
 protected:
  // A night with a latency; its folder.
  std::string Night(int night, double latency) {
    RunWriter run(folder_ / ("night" + std::to_string(night)));
    Record record = LatencyRecord("clip/bench", latency);
    record.environment = "0123456789abcdef";
    record.started = fmt::format("2026-01-{:02}T00:00:00Z", night);
    run.Add(record);
    return run.path().string();
  }
  std::vector<std::string> With(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "history");
    arguments.insert(arguments.end(), {"--db", db_});
    return arguments;
  }
  void AddNights() {
    std::vector<std::string> arguments = {"add"};
    for (int night = 1; night <= 24; ++night)
      arguments.push_back(
          Night(night, (night < 15 ? 1000 : 1500) + 7 * (night % 3)));
    const auto added = Eyechart(With(arguments));
    ASSERT_EQ(added.exit_code, 0) << added.err;
  }
  TempFolder folder_;
  std::string db_ = (folder_ / "h.sqlite").string();
};

TEST_F(HistoryCommand, AddsListsAndKnowsWhatIsThere) {
  const std::string run = Night(1, 100);
  Json json = EyechartJson(
      With({"add", run, "--commit", "abc", "--note", "the first"}));
  EXPECT_EQ(json["command"], "history add");
  EXPECT_EQ(json["runs"][0]["new"], true);
  json = EyechartJson(With({"add", run}));
  EXPECT_EQ(json["runs"][0]["new"], false);
  const auto again = Eyechart(With({"add", run}));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_TRUE(Contains(again.out, "is there already")) << again.out;
  json = EyechartJson(With({"list"}));
  ASSERT_EQ(json["runs"].size(), 1u);
  EXPECT_EQ(json["runs"][0]["commit"], "abc");
  EXPECT_EQ(json["runs"][0]["note"], "the first");
  EXPECT_EQ(json["runs"][0]["records"], 1);
  EXPECT_TRUE(Contains(Eyechart(With({"list"})).out, "commit abc  the first"));
}

TEST_F(HistoryCommand, FindsAndDrawsChanges) {
  AddNights();
  const Json json = EyechartJson(With({"changes"}));
  EXPECT_EQ(json["series"], 1);
  ASSERT_EQ(json["changes"].size(), 1u);
  EXPECT_EQ(json["changes"][0]["name"], "night15");
  EXPECT_EQ(json["changes"][0]["verdict"], "worse");
  const auto text = Eyechart(With({"changes"}));
  EXPECT_TRUE(Contains(text.out, "1 changes in 1 series")) << text.out;
  const std::string svg = (folder_ / "x.svg").string();
  EXPECT_EQ(Eyechart(With({"plot", "clip/*", "-o", svg})).exit_code, 0);
  EXPECT_TRUE(Contains(ReadFile(svg), "2026-01-15 worse"));
  const std::string html = (folder_ / "x.html").string();
  EXPECT_EQ(Eyechart({"report", (folder_ / "night1").string(), "-o", html,
                      "--history", db_})
                .exit_code,
            0);
  EXPECT_TRUE(Contains(ReadFile(html), "<section id=\"history\""));
  EXPECT_EQ(Eyechart({"report", (folder_ / "night1").string(), "-o",
                      (folder_ / "x.csv").string(), "--history", db_})
                .exit_code,
            2);
}

TEST_F(HistoryCommand, ExportsWhatReadsBack) {
  AddNights();
  const std::string file = (folder_ / "x.jsonl").string();
  EXPECT_EQ(Eyechart(With({"export", "-o", file})).exit_code, 0);
  const std::vector<Record> records = ReadRecords(file);
  ASSERT_EQ(records.size(), 24u);
  EXPECT_EQ(records[0].value, 1007);
  EXPECT_EQ(
      Eyechart(With({"export", "-o", (folder_ / "x.csv").string()})).exit_code,
      0);
}

TEST_F(HistoryCommand, IsABaselineForTheGate) {
  AddNights();
  const auto gate = [&](const std::string& run, const std::string& at) {
    return Eyechart({"gate", run, "--baseline", db_ + at}).exit_code;
  };
  EXPECT_EQ(gate(Night(25, 1507), ""), 0);
  EXPECT_EQ(gate(Night(26, 2500), ""), 1);
  EXPECT_EQ(gate(Night(27, 1507), "@night3"), 1);
  EXPECT_EQ(gate(Night(25, 1507), "@none"), 2);
  EXPECT_EQ(Eyechart({"gate", Night(25, 1507), "--baseline", db_,
                      "--update-baseline", "why"})
                .exit_code,
            2);
}

TEST_F(HistoryCommand, MistakesAreExitTwo) {
  EXPECT_EQ(Eyechart({"history"}).exit_code, 2);
  const auto none = Eyechart(With({"list"}));
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_TRUE(Contains(none.err, "no history there")) << none.err;
  EXPECT_EQ(Eyechart(With({"add", (folder_ / "none").string()})).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(db_));
  AddNights();
  EXPECT_EQ(Eyechart(With({"plot", "x*", "-o", "x.svg"})).exit_code, 2);
  EXPECT_EQ(Eyechart(With({"plot", "*", "-o", "x.png"})).exit_code, 2);
  EXPECT_EQ(Eyechart(With({"export", "-o", "x.html"})).exit_code, 2);
  EXPECT_EQ(Eyechart(With({"changes", "--alpha", "2"})).exit_code, 2);
  EXPECT_EQ(Eyechart(With({"changes", "--min-segment", "1"})).exit_code, 2);
  testing::WriteText(db_, std::string(5000, 'x'));
  const auto damaged = Eyechart(With({"changes"}));
  EXPECT_EQ(damaged.exit_code, 2);
  EXPECT_TRUE(Contains(damaged.err, "damaged")) << damaged.err;
}

}  // namespace
}  // namespace eyechart
