#include "mining/questions_export.h"

#include <gtest/gtest.h>

#include <map>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "core/csv.h"
#include "data/scenes/encode.h"
#include "data/scenes/pattern.h"
#include "mining/pair_id.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

namespace fs = std::filesystem;
using testing::InputErrorOf;

std::string Bitmap(const data::Image& image) {
  cv::Mat pixels(image.height, image.width, CV_8UC3,
                 const_cast<std::uint8_t*>(image.pixels.data()));
  std::vector<unsigned char> bytes;
  cv::imencode(".bmp", pixels, bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

multiple_choice::Benchmark Ask(const fs::path& folder) {
  multiple_choice::ReadOptions options;
  options.path = folder;
  return multiple_choice::ReadBenchmark(options);
}

// Rows: a JPEG, a PNG, a bitmap, no picture.
class QuestionsExport : public ::testing::Test {
 protected:
  QuestionsExport() {
    scenes::RenderOptions small;
    small.size = 48;
    const scenes::PatternPair pair =
        scenes::RenderPair(scenes::FindPattern("color"), 0, 7, 0, small);
    pictures_ = {scenes::EncodeJpeg(pair.a, 90), scenes::EncodePng(pair.b),
                 Bitmap(pair.a), "no picture"};
    items_[1].id = "b,\"2\".png";
  }

  QuestionsSummary Write(const QuestionsOptions& options = {}) {
    return WriteQuestions(
        out(), pairs_, items_,
        [this](std::int64_t row) { return pictures_[row]; }, options);
  }

  // Writes the questions that the folder asks for.
  void Annotate(const std::string& first_answers) const {
    const CsvTable table = CsvTable::ReadFile(out() / "Questions.csv");
    std::string csv = CsvLine(table.header());
    for (std::size_t i = 0; i < table.rows(); ++i)
      csv += CsvLine({table.at(i, 0), "What colour?", "(a) Red (b) Green",
                      i % 2 == 0 ? first_answers
                                 : (first_answers == "(a)" ? "(b)" : "(a)")});
    testing::WriteText(out() / "Questions.csv", csv);
  }

  fs::path out() const { return folder_ / "questions"; }

  testing::TempFolder folder_;
  std::vector<data::StoreItem> items_ = testing::MakeItems(4);
  std::vector<std::string> pictures_;
  std::vector<BlindPair> pairs_ = {
      {0, 1, 0.975, 0.25}, {0, 3, 0.97, 0.25}, {1, 2, 0.96875, 0.5}};
};

TEST_F(QuestionsExport, HasTheLayoutOfMmvp) {
  const QuestionsSummary summary = Write();
  EXPECT_EQ(summary.pairs, 2);
  EXPECT_FALSE(summary.was_there);
  EXPECT_EQ(ReadFile(out() / "Questions.csv"),
            "lndex,Question,Options,Correct Answer\n1,,,\n2,,,\n3,,,\n4,,,\n");
  EXPECT_EQ(ReadFile(out() / "sources.csv"),
            "image,file,pair,rank,id,path,label,near_cosine,far_cosine\n"
            "1,1.jpg," +
                PairId("p00000", items_[1].id) +
                ",1,p00000,p00000.png,even,0.975,0.25\n"
                "2,2.png," +
                PairId("p00000", items_[1].id) +
                ",1,\"b,\"\"2\"\".png\",p00001.png,odd,0.975,0.25\n"
                "3,3.png," +
                PairId("p00002", items_[1].id) +
                ",3,\"b,\"\"2\"\".png\",p00001.png,odd,0.96875,0.5\n"
                "4,4.png," +
                PairId("p00002", items_[1].id) +
                ",3,p00002,p00002.png,even,0.96875,0.5\n");
}

TEST_F(QuestionsExport, PicturesAreKeptToThePixel) {
  Write();
  const fs::path pictures = out() / "MMVP Images";
  EXPECT_EQ(ReadFile(pictures / "1.jpg"), pictures_[0]);
  EXPECT_EQ(ReadFile(pictures / "2.png"), pictures_[1]);
  const data::Image original = data::Decode(pictures_[2], {}).image;
  const data::Image written =
      data::Decode(ReadFile(pictures / "4.png"), {}).image;
  EXPECT_EQ(written.width, original.width);
  EXPECT_EQ(written.pixels, original.pixels);
}

TEST_F(QuestionsExport, APairThatCannotBeReadGivesItsPlaceAway) {
  QuestionsOptions options;
  options.pairs = 2;
  const QuestionsSummary summary = Write(options);
  EXPECT_EQ(summary.pairs, 2);
  ASSERT_EQ(summary.left_out.size(), 1u);
  EXPECT_EQ(summary.left_out[0].rfind("p00000, p00003: ", 0), 0u)
      << summary.left_out[0];
}

TEST_F(QuestionsExport, TheFirstPairsAreEnough) {
  QuestionsOptions options;
  options.pairs = 1;
  EXPECT_EQ(Write(options).pairs, 1);
  EXPECT_FALSE(fs::exists(out() / "MMVP Images" / "3.png"));
}

TEST_F(QuestionsExport, AskSaysWhatIsStillToBeWritten) {
  Write();
  const std::string error = InputErrorOf([&] { Ask(out()); });
  EXPECT_NE(error.find("Questions.csv: 4 of its 4 questions are still to be "
                       "written: 1-4"),
            std::string::npos)
      << error;
}

TEST_F(QuestionsExport, AskReadsTheFolderOnceItIsWritten) {
  Write();
  Annotate("(b)");
  const multiple_choice::Benchmark benchmark = Ask(out());
  EXPECT_EQ(benchmark.kind, "mmvp");
  EXPECT_EQ(benchmark.pairs.size(), 2u);
  ASSERT_EQ(benchmark.items.size(), 4u);
  EXPECT_EQ(benchmark.items[0].answer, 1);
  EXPECT_EQ(benchmark.items[1].answer, 0);
  EXPECT_EQ(benchmark.pictures[0].path, "MMVP Images/1.jpg");
  EXPECT_EQ(benchmark.pictures[3].path, "MMVP Images/4.png");
  EXPECT_TRUE(benchmark.warnings.empty());
}

// MMVP's questions 99, 100, 279 and 280 have other right answers than its file
// says; those of a folder that was made here have not.
TEST_F(QuestionsExport, MmvpsErrataAreNotForIt) {
  items_ = testing::MakeItems(150);
  pairs_.clear();
  for (std::int64_t row = 1; row < 150; ++row)
    pairs_.push_back({0, row, 0.97, 0.25});
  pairs_.push_back({1, 2, 0.97, 0.25});
  const std::string bytes = pictures_[0];
  WriteQuestions(out(), pairs_, items_, [&](std::int64_t) { return bytes; });
  Annotate("(a)");
  const multiple_choice::Benchmark benchmark = Ask(out());
  ASSERT_EQ(benchmark.items.size(), 300u);
  for (const std::size_t id : {99u, 100u, 279u, 280u})
    EXPECT_EQ(benchmark.items[id - 1].answer, id % 2 == 1 ? 0 : 1) << id;
  EXPECT_EQ(benchmark.errata, "");
  EXPECT_EQ(benchmark.labels, "original");
}

TEST_F(QuestionsExport, WrittenQuestionsAreNeverLost) {
  Write();
  Annotate("(a)");
  const std::string questions = ReadFile(out() / "Questions.csv");
  // The same pairs once more: left as it is.
  EXPECT_TRUE(Write().was_there);
  EXPECT_EQ(ReadFile(out() / "Questions.csv"), questions);
  // Other pairs: refused.
  pairs_[0].near_cosine = 0.98;
  EXPECT_NE(InputErrorOf([&] { Write(); }).find("other pairs"),
            std::string::npos);
  EXPECT_EQ(ReadFile(out() / "Questions.csv"), questions);
  // No draft is left.
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(QuestionsExport, AnotherFolderIsNotTouched) {
  testing::WriteText(out() / "notes.txt", "mine");
  EXPECT_NE(InputErrorOf([&] {
              RequireQuestionsFolder(out());
            }).find("is not empty and no folder of questions"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] { Write(); }), "");
  EXPECT_NE(InputErrorOf([&] {
              RequireQuestionsFolder(out() / "notes.txt");
            }).find("is not a folder"),
            std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(out()), {}), 1);
}

TEST_F(QuestionsExport, AnEmptyFolderWillDo) {
  fs::create_directories(out());
  EXPECT_EQ(InputErrorOf([&] { RequireQuestionsFolder(out()); }), "");
  EXPECT_EQ(Write().pairs, 2);
}

TEST_F(QuestionsExport, NothingToAskAboutIsAnError) {
  pairs_ = {{0, 3, 0.97, 0.25}};
  EXPECT_NE(InputErrorOf([&] { Write(); }).find("p00000, p00003"),
            std::string::npos);
  pairs_.clear();
  EXPECT_NE(InputErrorOf([&] { Write(); }).find("no pair to ask about"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(out()));
}

}  // namespace
}  // namespace eyechart::mining
