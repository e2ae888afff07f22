#include "probes/multiple_choice/answers.h"

#include <gtest/gtest.h>

#include "tests/probes/multiple_choice/made_benchmarks.h"

namespace eyechart::multiple_choice {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Read;
using testing::WriteMmvp;

class ScoreAnswersTest : public ::testing::Test {
 protected:
  ScoreAnswersTest() { WriteMmvp(folder_.path(), 2); }

  Result Score(const std::string& csv, const AnswerOptions& options = {}) {
    WriteText(folder_ / "answers.csv", csv);
    return ScoreAnswers(Read(folder_.path()), folder_ / "answers.csv", options);
  }
  Tally Tallied(const Result& result) {
    return CountAll(Read(folder_.path()), result);
  }

  const TempFolder folder_;
};

TEST_F(ScoreAnswersTest, CountsItemsAndPairs) {
  const Result result =
      Score("id,answer\n1,(a)\n2,\"Shut, \"\"I\"\" think\nso\"\n3,b\n4,B\n");
  const Tally all = Tallied(result);
  EXPECT_EQ(all.items, 4);
  EXPECT_EQ(all.correct_items, 3);
  EXPECT_EQ(all.correct_pairs, 1);
  EXPECT_EQ(all.chance, 0.25);
  EXPECT_EQ(all.of(Status::kAbstained), 0);
  EXPECT_EQ(result.items[2].prediction, "(b)");
  EXPECT_EQ(result.items[2].truth, "(a)");
}

// A constant answerer gets half of the items and no pair.
TEST_F(ScoreAnswersTest, GivesAConstantAnswererNoPair) {
  const Tally all = Tallied(Score("id,answer\n1,a\n2,a\n3,a\n4,a\n"));
  EXPECT_EQ(all.correct_items, 2);
  EXPECT_EQ(all.correct_pairs, 0);
}

TEST_F(ScoreAnswersTest, CountsAbstentionsAndGapsAsWrong) {
  const Result result = Score(
      "\xef\xbb\xbfid,answer\r\n4,open or shut\r\n1,A butterfly\r\n2,b\r\n");
  const Tally all = Tallied(result);
  EXPECT_EQ(all.items, 4);
  EXPECT_EQ(all.correct_items, 1);
  EXPECT_EQ(all.of(Status::kAbstained), 2);
  EXPECT_EQ(all.of(Status::kUnanswered), 1);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_NE(result.warnings[0].find("1 of 4"), std::string::npos);
}

TEST_F(ScoreAnswersTest, TurnsMarksBackWhereOptionsWereSwapped) {
  AnswerOptions options;
  options.swapped = true;
  // (a) was shown before "Shut"; words mean the same as ever.
  const Result result = Score("id,answer\n1,b\n2,a\n3,Open\n4,Shut\n", options);
  EXPECT_EQ(Tallied(result).correct_items, 4);
  EXPECT_EQ(result.setting.at("option_order"), "swapped");
  options.notation = Notation::kNumbers;
  EXPECT_EQ(Tallied(Score("id,answer\n1,2\n2,(1)\n3,a\n4,b\n", options))
                .correct_items,
            2);
}

TEST_F(ScoreAnswersTest, NamesWhatIsWrong) {
  const auto error = [&](const std::string& csv) {
    return InputErrorOf([&] { Score(csv); });
  };
  EXPECT_NE(error("id,text\n1,a\n").find("no column \"answer\""),
            std::string::npos);
  EXPECT_NE(error("answer\na\n").find("no column \"id\""), std::string::npos);
  EXPECT_NE(error("id,answer\n1,a\n17,b\n").find("\"17\""), std::string::npos);
  EXPECT_NE(error("id,answer\n1,a\n1,b\n").find("row 3"), std::string::npos);
  EXPECT_NE(error("id,answer\n,a\n").find("row 2"), std::string::npos);
}

TEST(ScoreAnswers, ReadsNumbersOffClocks) {
  const TempFolder folder;
  WriteText(folder / "q.csv",
            "id,path,pattern,question,option_a,option_b,answer,value,"
            "tolerance\n"
            "1,1.jpg,clocks,T?,3:45,9:15,a,225,2\n"
            "2,2.jpg,clocks,T?,12:01,6:00,a,1,2\n"
            "3,3.jpg,clocks,T?,5:00,6:00,b,360,2\n");
  WriteText(folder / "a.csv", "id,answer\n1,3:40\n2,11:59\n3,(b)\n");
  ReadOptions read;
  read.path = folder / "q.csv";
  read.pictures = false;
  const Result result = ScoreAnswers(ReadBenchmark(read), folder / "a.csv", {});
  EXPECT_EQ(result.items[0].read, 220);
  EXPECT_EQ(result.items[0].status, Status::kAbstained);
  EXPECT_EQ(result.items[1].read, 719);
  EXPECT_EQ(result.items[2].read, std::nullopt);
  EXPECT_TRUE(result.items[2].correct);
}

}  // namespace
}  // namespace eyechart::multiple_choice
