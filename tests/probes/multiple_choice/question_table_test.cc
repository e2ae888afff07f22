#include <gtest/gtest.h>

#include "core/hash.h"
#include "tests/probes/multiple_choice/made_benchmarks.h"

namespace eyechart::multiple_choice {
namespace {

using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Read;
using testing::ReadError;

constexpr const char* kHeader =
    "id,path,pair,pattern,question,option_a,option_b,option_c,option_d,answer,"
    "statement,difficulty,unit,step,value,tolerance\n";

TEST(ReadGenerated, TakesPairsOfPatterns) {
  const TempFolder folder;
  const std::string csv =
      std::string(kHeader) +
      "i/1_a,i/1_a.jpg,1,state,Open?,Yes,No,,,a,An open door,30,degrees,2,,\n"
      "i/1_b,i/1_b.jpg,1,state,Open?,Yes,No,,,b,A shut door,30,degrees,2,,\n";
  WriteText(folder / "questions.csv", csv);
  WriteText(folder / "manifest.json",
            R"({"schema":1,"kind":"patterns","questions_sha256":")" +
                Sha256Hex(csv) + "\"}");
  WriteText(folder / "i/1_a.jpg", "");
  WriteText(folder / "i/1_b.jpg", "");
  const Benchmark benchmark = Read(folder.path());
  EXPECT_EQ(benchmark.kind, "generated");
  EXPECT_TRUE(benchmark.has_statements());
  EXPECT_TRUE(benchmark.has_options());
  EXPECT_EQ(benchmark.items[1].options,
            (std::vector<std::string>{"Yes", "No"}));
  EXPECT_EQ(benchmark.items[1].answer, 1);
  EXPECT_EQ(benchmark.items[1].difficulty, "30 degrees");
  EXPECT_EQ(benchmark.items[1].step, "2");
  EXPECT_EQ(benchmark.statement_prompt, "a photo of ");
  EXPECT_TRUE(benchmark.warnings.empty());
}

TEST(ReadGenerated, WarnsWhereTheQuestionsChanged) {
  const TempFolder folder;
  WriteText(folder / "questions.csv",
            std::string(kHeader) +
                "c,c.jpg,,,What time?,1:00,2:00,3:00,4:00,b,,5,min,0,120,2\n");
  WriteText(folder / "manifest.json",
            R"({"kind":"clocks","questions_sha256":"00"})");
  WriteText(folder / "c.jpg", "");
  const Benchmark benchmark = Read(folder.path());
  EXPECT_EQ(benchmark.reading, Reading::kClock);
  EXPECT_EQ(benchmark.items[0].options.size(), 4u);
  EXPECT_EQ(benchmark.items[0].value, 120);
  EXPECT_EQ(benchmark.items[0].tolerance, 2);
  EXPECT_EQ(benchmark.warnings.size(), 1u);
}

TEST(ReadQuestions, TakesAPlainCsv) {
  const TempFolder folder;
  WriteText(folder / "mine.csv",
            "id,path,question,option_a,option_b,answer,pattern,value,low,high\n"
            "1,x.jpg,Q,u,v,b,gauge,5,0,20\n");
  WriteText(folder / "x.jpg", "");
  const Benchmark benchmark = Read(folder / "mine.csv");
  EXPECT_EQ(benchmark.kind, "questions");
  EXPECT_EQ(benchmark.name, "mine");
  EXPECT_EQ(benchmark.items[0].answer, 1);
  EXPECT_EQ(benchmark.reading, Reading::kGauge);
  EXPECT_EQ(benchmark.items[0].range, 20);
}

TEST(ReadQuestions, NamesWhatIsWrong) {
  const TempFolder folder;
  WriteText(folder / "x.jpg", "");
  const auto error = [&](const std::string& rows) {
    WriteText(folder / "q.csv",
              "id,path,pair,question,option_a,option_b,option_c,answer,"
              "statement,value\n" +
                  rows);
    return ReadError(folder / "q.csv");
  };
  EXPECT_EQ(error("1,x.jpg,,Q,u,v,,a,,\n"), "");
  EXPECT_NE(error("1,x.jpg,,Q,u,v,,c,,\n").find("answer \"c\""),
            std::string::npos);
  EXPECT_NE(error("1,x.jpg,,Q,u,,w,a,,\n").find("option_c"), std::string::npos);
  EXPECT_NE(error("1,x.jpg,,Q,u,,,a,,\n").find("single option"),
            std::string::npos);
  EXPECT_NE(error("1,x.jpg,,Q,,,,,,\n").find("neither"), std::string::npos);
  EXPECT_NE(error("1,x.jpg,,Q,u,v,,a,,five\n").find("five"), std::string::npos);
  EXPECT_NE(error("1,x.jpg,,Q,u,v,,a,,\n1,x.jpg,,Q,u,v,,a,,\n").find("row 3"),
            std::string::npos);
  EXPECT_NE(error("1,x.jpg,7,Q,u,v,,a,,\n").find("pair 7"), std::string::npos);
  EXPECT_NE(error("1,x.jpg,7,Q,u,v,,a,s,\n2,x.jpg,7,Q,u,v,,a,,\n")
                .find("row 3: statement is empty"),
            std::string::npos);
  EXPECT_NE(error("1,../x.jpg,,Q,u,v,,a,,\n").find("leaves its root"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::multiple_choice
