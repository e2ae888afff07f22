#include <gtest/gtest.h>

#include <filesystem>

#include "tests/probes/multiple_choice/made_benchmarks.h"

namespace eyechart::multiple_choice {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Read;
using testing::ReadError;
using testing::WriteMmvpVlm;

std::vector<testing::VlmRow> Rows() {
  return {{"1", "Orientation", "A dog facing left"},
          {"2", "Orientation", "A dog facing right"},
          {"31", "Camera Perspective", "Seen from \"above\",\nthat is"},
          {"32", "Camera Perspective", "Seen from below"}};
}

void ExpectRows(const Benchmark& benchmark) {
  EXPECT_EQ(benchmark.kind, "mmvp-vlm");
  ASSERT_EQ(benchmark.items.size(), 4u);
  EXPECT_EQ(benchmark.items[0].id, "1");
  EXPECT_EQ(benchmark.items[2].statement, "Seen from \"above\",\nthat is");
  EXPECT_EQ(benchmark.items[3].pair, "16");
  EXPECT_EQ(benchmark.patterns,
            (std::vector<std::string>{"Orientation", "Camera Perspective"}));
  ASSERT_EQ(benchmark.pairs.size(), 2u);
  EXPECT_EQ(benchmark.pairs[1][0], 2u);
  for (std::size_t i = 0; i < 4; ++i) {
    const Picture& picture = benchmark.pictures[benchmark.items[i].picture];
    EXPECT_EQ(picture.id, benchmark.items[i].id);
    EXPECT_TRUE(fs::exists(benchmark.root / picture.path)) << picture.path;
  }
  EXPECT_TRUE(benchmark.has_statements());
}

TEST(ReadMmvpVlm, TakesBothLayoutsInAnyOrder) {
  for (const bool released : {true, false}) {
    const TempFolder folder;
    WriteMmvpVlm(folder.path(), Rows(), released);
    ExpectRows(Read(folder.path()));
    std::vector<testing::VlmRow> shuffled = Rows();
    std::swap(shuffled[0], shuffled[3]);
    std::swap(shuffled[1], shuffled[2]);
    WriteMmvpVlm(folder.path(), shuffled, released);
    ExpectRows(Read(folder.path()));
  }
}

TEST(ReadMmvpVlm, TakesAByteOrderMarkAndCrLf) {
  const TempFolder folder;
  WriteMmvpVlm(folder.path(), Rows(), true, "\xef\xbb\xbf", "\r\n");
  ExpectRows(Read(folder.path()));
}

TEST(ReadMmvpVlm, MatchesCategoriesWithBlanksOrUnderscores) {
  const TempFolder folder;
  WriteMmvpVlm(folder.path(), Rows(), false);
  // The folders have underscores, the rows blanks and another case.
  WriteText(folder / "Questions.csv",
            "Question ID,Type,Statement\n31,camera perspective,x\n"
            "32,CAMERA_PERSPECTIVE,y\n");
  const Benchmark benchmark = Read(folder.path());
  EXPECT_EQ(benchmark.patterns, std::vector<std::string>{"Camera Perspective"});
}

TEST(ReadMmvpVlm, NamesWhatIsWrong) {
  const TempFolder folder;
  const auto error = [&](const std::string& rows) {
    WriteText(folder / "Questions.csv", "Question ID,Type,Statement\n" + rows);
    return ReadError(folder.path());
  };
  WriteMmvpVlm(folder.path(), Rows(), true);
  EXPECT_NE(error("1,Orientation,a\n2,Orientation,b\n31,Camera Perspective,c\n")
                .find("odd number"),
            std::string::npos);
  EXPECT_NE(error("1,Orientation,a\n32,Camera Perspective,b\n").find("a pair"),
            std::string::npos);
  EXPECT_NE(error("1,Orientation,a\n1,Orientation,b\n").find("row 3"),
            std::string::npos);
  EXPECT_NE(error("1,Orientaton,a\n2,Orientation,b\n")
                .find("did you mean \"Orientation\""),
            std::string::npos);
  EXPECT_NE(error("1,Orientation,a\n2,Orientation, \n").find("row 3"),
            std::string::npos);
  EXPECT_NE(error("one,Orientation,a\n2,Orientation,b\n").find("\"one\""),
            std::string::npos);
  EXPECT_NE(
      error("1,Orientation,a\n2,Camera Perspective,b\n").find("of patterns"),
      std::string::npos);
  EXPECT_NE(error("").find("no questions"), std::string::npos);
}

TEST(ReadMmvpVlm, NamesAMissingPicture) {
  const TempFolder folder;
  WriteMmvpVlm(folder.path(), Rows(), true);
  fs::remove(folder / "MLLM_VLM Images/Orientation/2.jpg");
  const std::string error = ReadError(folder.path());
  EXPECT_NE(error.find("Orientation/2.jpg"), std::string::npos) << error;
  EXPECT_NE(error.find("1 of its 4"), std::string::npos) << error;
}

}  // namespace
}  // namespace eyechart::multiple_choice
