#include "reports/patterns.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reports/comparison.h"
#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

Record Score(const std::string& encoder,
             const std::string& scoring,
             const std::string& pattern,
             double value) {
  Record record;
  record.encoder = encoder;
  record.task = "ask";
  record.dataset = "pairs";
  record.setting = {{"scoring", scoring}};
  record.cell = encoder + "/ask/pairs/";
  if (!pattern.empty()) {
    record.setting["pattern"] = pattern;
    record.cell += "pattern=" + pattern;
  }
  record.metric = "pair_accuracy";
  record.value = value;
  record.n = 4;
  return record;
}

RunFolder MakeRun(const std::filesystem::path& path) {
  RunFolder run;
  run.path = path;
  for (const auto& [encoder, scoring] :
       {std::pair{"clip", "text-to-image"}, std::pair{"dino", "read-out"}}) {
    run.records.push_back(Score(encoder, scoring, "", 0.5));
    for (const char* pattern : {"color", "state"})
      run.records.push_back(Score(encoder, scoring, pattern, 0.5));
  }
  return run;
}

std::string Outcomes(const std::string& rights) {
  std::string csv = "id,pair,pattern,pair_correct\n";
  for (std::size_t i = 0; i < rights.size(); ++i)
    for (const char* side : {"a", "b"})
      csv += std::to_string(i) + side + ",p" + std::to_string(i) + ",color," +
             rights[i] + "\n";
  return csv;
}

TEST(PatternsTest, SetsEncodersSideBySide) {
  const TempFolder folder;
  const std::vector<RunFolder> runs = {MakeRun(folder.path())};
  const std::vector<PatternTable> tables = MakePatternTables(runs);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].dataset, "pairs");
  EXPECT_EQ(tables[0].patterns, (std::vector<std::string>{"color", "state"}));
  ASSERT_EQ(tables[0].columns.size(), 2u);
  EXPECT_EQ(tables[0].columns[0].encoder, "clip");
  EXPECT_EQ(tables[0].columns[1].how, "read-out");
  ASSERT_NE(tables[0].columns[1].values[1], nullptr);
  EXPECT_TRUE(tables[0].comparisons.empty());
}

TEST(PatternsTest, ComparesTheSamePairs) {
  const TempFolder folder;
  const auto file = [&](const std::string& cell) {
    return folder / ("outcomes/" + CellSlug(cell) + ".csv");
  };
  WriteText(file("clip/ask/pairs/"), Outcomes("1000"));
  WriteText(file("dino/ask/pairs/"), Outcomes("1110"));
  const std::vector<RunFolder> runs = {MakeRun(folder.path())};
  const std::vector<PatternTable> tables = MakePatternTables(runs);
  ASSERT_EQ(tables[0].comparisons.size(), 1u);
  const PatternComparison& row = tables[0].comparisons[0];
  EXPECT_EQ(row.pattern, "color");
  EXPECT_EQ(row.pairs, 4);
  EXPECT_EQ(row.only_first, 0);
  EXPECT_EQ(row.only_second, 2);
  EXPECT_DOUBLE_EQ(row.difference, 0.5);
  EXPECT_DOUBLE_EQ(row.p, 0.5);
  EXPECT_LT(row.ci.low, 0.5);
  EXPECT_GT(row.ci.high, 0.5);
}

// Answers of a and b, a digit each: "10" is a pair with one right answer.
std::string Answers(const std::vector<std::string>& pairs) {
  std::string csv = "id,correct,pair,pattern,pair_correct\n";
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (const std::size_t side : {0u, 1u})
      csv += fmt::format("{}-{},{},p{},color,{}\n", i, side, pairs[i][side], i,
                         pairs[i] == "11" ? 1 : 0);
  return csv;
}

TEST(PatternsTest, ComparesAnswersWherePairsWouldFlatterGuessing) {
  const TempFolder folder;
  const auto file = [&](const std::string& cell) {
    return folder / ("outcomes/" + CellSlug(cell) + ".csv");
  };
  // Words take both pictures for the same; the read-out guesses.
  WriteText(file("clip/ask/pairs/"), Answers({"10", "01", "10", "01"}));
  WriteText(file("dino/ask/pairs/"), Answers({"11", "00", "10", "01"}));
  const std::vector<RunFolder> runs = {MakeRun(folder.path())};
  const PatternTable table = MakePatternTables(runs).at(0);
  EXPECT_DOUBLE_EQ(table.comparisons.at(0).difference, 0.25);  // of pairs
  EXPECT_EQ(table.words, 0u);
  ASSERT_EQ(table.answers.size(), 2u);
  const PatternAnswers& words = table.answers[0];
  EXPECT_EQ(words.column, 0u);
  EXPECT_EQ(words.pairs, 4);
  EXPECT_DOUBLE_EQ(words.right, 0.5);
  EXPECT_DOUBLE_EQ(words.ci.low, 0.5);  // every pair has one right answer
  EXPECT_DOUBLE_EQ(words.ci.high, 0.5);
  EXPECT_FALSE(words.difference);
  EXPECT_EQ(VerdictOf(words), ChanceVerdict::kNear);
  const PatternAnswers& other = table.answers[1];
  EXPECT_EQ(other.column, 1u);
  EXPECT_DOUBLE_EQ(other.right, 0.5);
  EXPECT_DOUBLE_EQ(other.difference.value_or(9), 0);
  EXPECT_LT(other.difference_ci.low, 0);
  EXPECT_GT(other.difference_ci.high, 0);
}

TEST(PatternsTest, VerdictsGoByTheInterval) {
  PatternAnswers answers;
  answers.ci = {0.5, 0.7, 0.95, ""};
  EXPECT_EQ(VerdictOf(answers), ChanceVerdict::kNear);
  answers.ci = {0.51, 0.7, 0.95, ""};
  EXPECT_EQ(VerdictOf(answers), ChanceVerdict::kAbove);
  answers.ci = {0.2, 0.49, 0.95, ""};
  EXPECT_EQ(VerdictOf(answers), ChanceVerdict::kBelow);
}

TEST(PatternsTest, NamesDamagedOutcomes) {
  const TempFolder folder;
  const std::string slug = CellSlug("clip/ask/pairs/");
  WriteText(folder / ("outcomes/" + slug + ".csv"), "id\n1\n");
  const std::vector<RunFolder> runs = {MakeRun(folder.path())};
  EXPECT_NE(InputErrorOf([&] { MakePatternTables(runs); }).find(slug),
            std::string::npos);
}

TEST(PatternsTest, MiningHasItsThresholds) {
  RunFolder run;
  Record record = Score("clip~dino", "", "color", 0.25);
  record.task = "mine";
  record.metric = "mined_share";
  record.setting = {{"near_min", "0.9"}, {"pattern", "color"}};
  run.records = {record};
  const std::vector<RunFolder> runs = {run};
  const std::vector<PatternTable> tables = MakePatternTables(runs);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].columns[0].how, "mined, near > 0.9, far < 0.6");
}

TEST(PatternsTest, TheTaskTablesNeedNotRepeatThem) {
  const std::vector<RunFolder> runs = {MakeRun("")};
  ASSERT_EQ(MakeTaskTables(runs, /*patterns=*/false).size(), 1u);
  EXPECT_EQ(MakeTaskTables(runs, /*patterns=*/false)[0].rows.size(), 2u);
  EXPECT_EQ(MakeTaskTables(runs)[0].rows.size(), 6u);
}

}  // namespace
}  // namespace eyechart::reports
