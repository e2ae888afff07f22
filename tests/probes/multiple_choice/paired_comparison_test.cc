#include "probes/multiple_choice/paired_comparison.h"

#include <gtest/gtest.h>

#include "core/csv.h"
#include "probes/multiple_choice/answers.h"
#include "probes/multiple_choice/outcomes_csv.h"
#include "tests/probes/multiple_choice/made_benchmarks.h"

namespace eyechart::multiple_choice {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

class CompareOutcomesTest : public ::testing::Test {
 protected:
  CompareOutcomesTest() {
    testing::WriteMmvp(folder_.path(), 4);
    benchmark_ = testing::Read(folder_.path());
  }

  // `letters`: the answers to the questions in order.
  Result Answered(const std::string& letters) {
    std::string csv = "id,answer\n";
    for (std::size_t i = 0; i < letters.size(); ++i)
      csv += std::to_string(i + 1) + "," + letters[i] + "\n";
    WriteText(folder_ / "answers.csv", csv);
    return ScoreAnswers(benchmark_, folder_ / "answers.csv", {});
  }
  std::filesystem::path Written(const std::string& csv) {
    WriteText(folder_ / "outcomes.csv", csv);
    return folder_ / "outcomes.csv";
  }

  const TempFolder folder_;
  Benchmark benchmark_;
};

TEST_F(CompareOutcomesTest, CountsPairsAndItems) {
  // Right are a, b, a, b, ...
  const Result ours = Answered("abababaa");
  const auto file = Written(OutcomesToCsv(benchmark_, Answered("aaaaaaab")));
  const auto rows = CompareOutcomes(benchmark_, ours, file, false);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].unit, "pairs");
  EXPECT_EQ(rows[0].n, 4);
  EXPECT_EQ(rows[0].first_correct, 3);
  EXPECT_EQ(rows[0].second_correct, 1);
  EXPECT_EQ(rows[0].only_first, 3);
  EXPECT_EQ(rows[0].only_second, 1);
  EXPECT_NEAR(rows[0].p, 0.625, 1e-12);  // 2 (1 + 4) / 16
  EXPECT_EQ(rows[1].unit, "items");
  EXPECT_EQ(rows[1].only_first, 3);
  EXPECT_EQ(rows[1].only_second, 1);
  const auto mid = CompareOutcomes(benchmark_, ours, file, true);
  EXPECT_NEAR(mid[0].p, 0.375, 1e-12);  // less 4 / 16
  EXPECT_EQ(mid[0].method, "mcnemar mid-p");
}

TEST_F(CompareOutcomesTest, RefusesOtherItemsAndOtherLabels) {
  const Result ours = Answered("abababab");
  const std::string csv = OutcomesToCsv(benchmark_, ours);
  const auto error = [&](const std::string& text) {
    return InputErrorOf(
        [&] { CompareOutcomes(benchmark_, ours, Written(text), false); });
  };
  EXPECT_EQ(error(csv), "");
  EXPECT_NE(error(csv + "9,(a),(a),1,,5,,,ok,1,,,\n").find("\"9\""),
            std::string::npos);
  EXPECT_NE(error(csv.substr(0, csv.find("\n8,") + 1)).find("\"8\""),
            std::string::npos);
  std::string other = csv;
  other.replace(other.find("\n1,(a)"), 6, "\n1,(b)");
  EXPECT_NE(error(other).find("truth"), std::string::npos);
  other = csv;
  other.replace(other.find("(a),(a),1"), 9, "(a),(a),y");
  EXPECT_NE(error(other).find("0 or 1"), std::string::npos);
  EXPECT_NE(error("id,truth\n1,x\n").find("correct"), std::string::npos);
}

TEST_F(CompareOutcomesTest, WritesOneRowAnItem) {
  const CsvTable table = CsvTable::Parse(
      OutcomesToCsv(benchmark_, Answered("aaababab")), "outcomes");
  ASSERT_EQ(table.rows(), 8u);
  EXPECT_EQ(table.at(1, table.Column("correct")), "0");
  EXPECT_EQ(table.at(0, table.Column("pair_correct")), "0");
  EXPECT_EQ(table.at(2, table.Column("pair_correct")), "1");
  EXPECT_EQ(table.at(2, table.Column("pair")), "2");
}

}  // namespace
}  // namespace eyechart::multiple_choice
