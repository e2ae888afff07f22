#include <gtest/gtest.h>

#include <filesystem>
#include <tuple>

#include "core/files.h"
#include "tests/probes/multiple_choice/made_benchmarks.h"

namespace eyechart::multiple_choice {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Read;
using testing::ReadError;
using testing::WriteMmvp;

TEST(ReadMmvp, TakesBothSpellingsOfTheIndex) {
  for (const char* index : {"lndex", "Index"}) {
    const TempFolder folder;
    WriteMmvp(folder.path(), 2, index);
    const Benchmark benchmark = Read(folder.path());
    EXPECT_EQ(benchmark.kind, "mmvp");
    ASSERT_EQ(benchmark.items.size(), 4u);
    EXPECT_EQ(benchmark.items[3].question, "Open, or \"shut\"?\nPair 2");
    EXPECT_EQ(benchmark.items[3].options,
              (std::vector<std::string>{"Open", "Shut"}));
    EXPECT_EQ(benchmark.items[3].answer, 1);
    EXPECT_EQ(benchmark.pairs.size(), 2u);
    EXPECT_EQ(benchmark.pictures[2].path, "MMVP Images/3.jpg");
    EXPECT_TRUE(benchmark.has_options());
    EXPECT_FALSE(benchmark.has_statements());
  }
}

// The released labels of 99, 100, 279 and 280 are (a), (b), (a), (b), as those
// made here; the right ones are set, whatever stands there.
TEST(ReadMmvp, SetsTheCorrectedLabels) {
  const TempFolder folder;
  WriteMmvp(folder.path(), 150);
  const auto answers = [&](const std::string& labels) {
    const Benchmark benchmark = Read(folder.path(), "", labels);
    EXPECT_EQ(benchmark.labels, labels);
    return std::vector<int>{
        benchmark.items[98].answer, benchmark.items[99].answer,
        benchmark.items[278].answer, benchmark.items[279].answer};
  };
  EXPECT_EQ(answers("original"), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(answers("corrected"), (std::vector<int>{1, 0, 1, 0}));
  int changed = 0;
  const Benchmark original = Read(folder.path(), "", "original");
  const Benchmark corrected = Read(folder.path());
  for (std::size_t i = 0; i < 300; ++i)
    changed += original.items[i].answer != corrected.items[i].answer ? 1 : 0;
  EXPECT_EQ(changed, 4);

  // A copy that is corrected already is not turned round again.
  std::string csv = ReadFile(folder / "Questions.csv");
  for (const auto& [id, wrong, right] :
       {std::tuple{"99", "(a)", "(b)"}, std::tuple{"100", "(b)", "(a)"},
        std::tuple{"279", "(a)", "(b)"}, std::tuple{"280", "(b)", "(a)"}}) {
    const std::size_t row = csv.find(std::string("\n") + id + ",");
    const std::size_t end =
        csv.find(std::string("Shut,") + wrong + "\n", row) + 5;
    csv.replace(end, 3, right);
  }
  WriteText(folder / "Questions.csv", csv);
  EXPECT_EQ(answers("corrected"), (std::vector<int>{1, 0, 1, 0}));
  EXPECT_EQ(answers("original"), (std::vector<int>{1, 0, 1, 0}));
}

TEST(ReadMmvp, WarnsOfPairsWithOneAnswer) {
  const TempFolder folder;
  WriteMmvp(folder.path(), 1);
  WriteText(folder / "Questions.csv",
            "Index,Question,Options,Correct Answer\n"
            "1,Q,(a) x (b) y,(a)\n2,Q,(a) x (b) y,(a)\n");
  EXPECT_EQ(Read(folder.path()).warnings.size(), 1u);
}

// What `eyechart mine --questions` leaves to people.
TEST(ReadMmvp, SaysWhichQuestionsAreStillToBeWritten) {
  const TempFolder folder;
  WriteMmvp(folder.path(), 4);
  WriteText(folder / "Questions.csv",
            "lndex,Question,Options,Correct Answer\n"
            "1,Q,(a) x (b) y,(a)\n2, ,,\n3,,,\n4,,,\n5,Q,(a) x (b) y,(a)\n"
            "6,Q,(a) x (b) y,(b)\n7,Q,(a) x (b) y,(a)\n8,,,\n");
  const std::string error = ReadError(folder.path());
  EXPECT_NE(error.find("4 of its 8 questions are still to be written: 2-4, 8;"),
            std::string::npos)
      << error;
  // A row that was begun is an error of its own.
  WriteText(folder / "Questions.csv",
            "lndex,Question,Options,Correct Answer\n"
            "1,Q,(a) x (b) y,(a)\n2,Q,,\n");
  EXPECT_NE(ReadError(folder.path()).find("row 3: \"Options\" is empty"),
            std::string::npos);
}

TEST(ReadMmvp, HasNoErrataForMinedQuestions) {
  const TempFolder folder;
  WriteMmvp(folder.path(), 50);
  EXPECT_EQ(Read(folder.path()).items[98].answer, 1);
  WriteText(folder / "sources.csv", "image,file\n");
  const Benchmark benchmark = Read(folder.path());
  EXPECT_EQ(benchmark.items[98].answer, 0);
  EXPECT_EQ(benchmark.labels, "original");
  EXPECT_EQ(benchmark.errata, "");
}

TEST(ReadMmvp, NamesWhatIsWrong) {
  const TempFolder folder;
  WriteMmvp(folder.path(), 1);
  const auto error = [&](const std::string& rows) {
    WriteText(folder / "Questions.csv",
              "Index,Question,Options,Correct Answer\n" + rows);
    return ReadError(folder.path());
  };
  const std::string first = "1,Q,(a) x (b) y,(a)\n";
  EXPECT_NE(error(first).find("odd number"), std::string::npos);
  EXPECT_NE(error(first + first).find("row 3"), std::string::npos);
  EXPECT_NE(error(first + "2,Q,x or y,(a)\n").find("x or y"),
            std::string::npos);
  EXPECT_NE(error(first + "2,Q,(a) x (b) y,(c)\n").find("(c)"),
            std::string::npos);
  EXPECT_NE(error(first + "2,,(a) x (b) y,(b)\n").find("Question"),
            std::string::npos);
  EXPECT_NE(error(first + "3,Q,(a) x (b) y,(b)\n").find("a pair is two"),
            std::string::npos);
  EXPECT_NE(error(first + "2,Q,(a) x (b) y\n").find("row 3"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::multiple_choice
