#include "reports/gate/join_turns.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::TempFolder;
using testing::LatencyRecord;
using testing::RunWriter;
using testing::ScoreRecord;

constexpr const char* kCell = "clip/bench/photos/default";

Turn TurnOf(std::int64_t pair, double latency, const std::string& csv) {
  Turn turn;
  turn.pair = pair;
  turn.began_ns = 1'000'000 * (pair + 1);
  turn.ended_ns = turn.began_ns + 500'000;
  turn.records = {LatencyRecord(kCell, latency)};
  turn.samples.emplace(kCell, CsvTable::Parse(csv, "samples"));
  return turn;
}

CsvTable SamplesOf(const RunFolder& run) {
  return CsvTable::ReadFile(run.path / "samples" / (CellSlug(kCell) + ".csv"));
}

class JoinTurns : public ::testing::Test {
 protected:
  RunFolder Join(const std::vector<Turn>& turns, bool interleaved = true) {
    RunWriter scores(folder_ / "scores");
    scores.Add(LatencyRecord(kCell, 1)).AddTop1("score", "110");
    JoinedRun joined(folder_ / "joined", {.interleaved = interleaved});
    joined.AddScores(scores.Read());
    for (const Turn& turn : turns) joined.AddTurn(turn);
    return joined.Write();
  }
  TempFolder folder_;
};

TEST_F(JoinTurns, PutsSamplesOnTheCommonClock) {
  const std::string csv =
      "query,pair,scheduled_ns,started_ns,latency_ns,decode_ns\n"
      "0,5,7,700,10,4\n1,5,8,800,20,5\n";
  const CsvTable table =
      SamplesOf(Join({TurnOf(0, 15, csv), TurnOf(1, 15, csv)}));
  EXPECT_EQ(table.header(),
            (std::vector<std::string>{"pair", "query", "started_ns",
                                      "latency_ns", "decode_ns"}));
  ASSERT_EQ(table.rows(), 4u);
  const std::size_t started = table.Column("started_ns");
  EXPECT_EQ(table.at(0, started), "1000000");
  EXPECT_EQ(table.at(1, started), "1000100");
  EXPECT_EQ(table.at(2, started), "2000000");
  EXPECT_EQ(table.at(3, 0), "1");
  EXPECT_EQ(table.at(3, table.Column("decode_ns")), "5");
}

// A server's queries overlap among themselves; the turns do not.
TEST_F(JoinTurns, LeavesOutStartsOfQueriesThatOverlap) {
  const std::string csv = "started_ns,latency_ns\n0,100\n50,100\n";
  EXPECT_FALSE(SamplesOf(Join({TurnOf(0, 100, csv)})).FindColumn("started_ns"));
}

TEST_F(JoinTurns, TakesTheMedianOfTheTurnsForASpeed) {
  const std::string csv = "latency_ns\n10\n";
  const RunFolder run =
      Join({TurnOf(0, 10, csv), TurnOf(1, 30, csv), TurnOf(2, 12, csv)});
  const auto speed =
      std::ranges::find(run.records, std::string(kCell), &Record::cell);
  ASSERT_NE(speed, run.records.end());
  EXPECT_EQ(speed->value, 12);
  EXPECT_FALSE(speed->ci);
  const auto score =
      std::ranges::find(run.records, std::string("score"), &Record::cell);
  ASSERT_NE(score, run.records.end());
  EXPECT_TRUE(score->ci);
  EXPECT_TRUE(std::filesystem::exists(run.path / "outcomes" /
                                      (CellSlug("score") + ".csv")));
}

TEST_F(JoinTurns, OneBuildAloneHasNoPairs) {
  const RunFolder run = Join({TurnOf(0, 10, "latency_ns\n10\n")}, false);
  EXPECT_EQ(SamplesOf(run).at(0, 0), "");
  EXPECT_FALSE(std::filesystem::exists(run.path / "runs"));
}

TEST_F(JoinTurns, AFailureTakesTheRecordsPlace) {
  RunWriter scores(folder_ / "scores");
  scores.Add(LatencyRecord(kCell, 1));
  JoinedRun joined(folder_ / "joined", {});
  joined.AddScores(scores.Read());
  joined.Fail(kCell, "signal 9 (Killed)");
  const RunFolder run = joined.Write();
  ASSERT_EQ(run.records.size(), 1u);
  EXPECT_EQ(run.records[0].status, RecordStatus::kError);
  EXPECT_EQ(run.records[0].message, "signal 9 (Killed)");
  EXPECT_FALSE(run.records[0].value);
}

TEST(OwnersOf, PartsBelongToTheCellWhoseSettingTheyAddTo) {
  Record whole = ScoreRecord("clip/ask/mmvp/k=1", "top1", 1, 1);
  whole.setting = {{"k", "1"}};
  whole.seconds = 3;
  Record other = ScoreRecord("clip/ask/mmvp/k=2", "top1", 1, 1);
  other.setting = {{"k", "2"}};
  other.seconds = 2;
  Record part = ScoreRecord("clip/ask/mmvp/k=2,pattern=state", "top1", 1, 1);
  part.setting = {{"k", "2"}, {"pattern", "state"}};
  part.seconds = 0;
  const auto owners = OwnersOf({whole, part, other});
  EXPECT_EQ(owners.at(whole.cell), whole.cell);
  EXPECT_EQ(owners.at(part.cell), other.cell);
}

// The cell of a whole sweep has the thresholds of its best setting, which its
// name does not tell.
TEST(OwnersOf, SettingsOfASweepBelongToIt) {
  const auto record = [](const std::string& setting, const char* confidence,
                         const char* before_nms, double seconds) {
    Record made = ScoreRecord("clip/nms-sweep/boxes/" + setting, "ap", 0.5, 10);
    made.setting = {{"confidence", confidence}, {"before_nms", before_nms}};
    made.seconds = seconds;
    return made;
  };
  const Record usual = record("default", "0.1", "1000", 3);
  const Record few = record("before_nms=5", "0.1", "5", 2);
  const Record of_usual = record("confidence=0.3", "0.3", "1000", 0);
  const Record of_few = record("before_nms=5,confidence=0.3", "0.3", "5", 0);
  const auto owners = OwnersOf({usual, of_usual, few, of_few});
  EXPECT_EQ(owners.at(usual.cell), usual.cell);
  EXPECT_EQ(owners.at(of_usual.cell), usual.cell);
  EXPECT_EQ(owners.at(of_few.cell), few.cell);
}

// As above where the name of the sweep's detector has a word of the best
// setting: the beginning of the name tells it.
TEST(OwnersOf, SettingsOfASweepWithADetectorsNameBelongToIt) {
  Record sweep = ScoreRecord(
      "clip/nms-sweep/boxes/detector_cell={encoder}/"
      "detect/boxes/nms_iou=0.5,steps=9",
      "ap", 0.5, 10);
  sweep.setting = {{"nms_iou", "0.5"}};
  sweep.seconds = 3;
  Record other = sweep;
  other.cell += ",confidence=0.3,nms_iou=0.6";
  other.setting = {{"confidence", "0.3"}, {"nms_iou", "0.6"}};
  other.seconds = 0;
  EXPECT_EQ(OwnersOf({sweep, other}).at(other.cell), sweep.cell);
}

}  // namespace
}  // namespace eyechart::reports
