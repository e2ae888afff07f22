#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/csv.h"
#include "core/files.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

// Thresholds that pairs of made pictures meet with the demo's checkpoints.
std::vector<std::string> Mine(const fs::path& images,
                              const fs::path& out,
                              std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"mine",       images.string(),
                                        "--near",     DemoCheckpoint("clip"),
                                        "--far",      DemoCheckpoint("dinov2"),
                                        "--near-min", "0.3",
                                        "--far-max",  "0.95",
                                        "-o",         out.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(MineCommand, WritesPairsSummaryAndGallery) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 12);
  const Json json =
      EyechartJson(Mine(folder / "photos", folder / "out", {"--gallery"}));
  for (const char* key :
       {"schema", "command", "warnings", "images", "unreadable",
        "candidate_pairs", "near_pairs", "blind_pairs", "duplicates_dropped",
        "near_min", "far_max", "engine", "recall", "seconds", "pairs_csv"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["images"], 12);
  EXPECT_EQ(json["candidate_pairs"], 66);
  const CsvTable pairs = CsvTable::ReadFile(folder / "out/pairs.csv");
  ASSERT_GT(pairs.rows(), 0u);
  EXPECT_EQ(json["blind_pairs"], pairs.rows());
  EXPECT_EQ(pairs.header(), (std::vector<std::string>{
                                "rank", "id_a", "id_b", "path_a", "path_b",
                                "near_cosine", "far_cosine", "gap"}));
  double last = 2;
  for (std::size_t i = 0; i < pairs.rows(); ++i) {
    EXPECT_EQ(pairs.at(i, 0), std::to_string(i + 1));
    EXPECT_GT(std::stod(pairs.at(i, 5)), 0.3);
    EXPECT_LT(std::stod(pairs.at(i, 6)), 0.95);
    EXPECT_LE(std::stod(pairs.at(i, 7)), last);
    last = std::stod(pairs.at(i, 7));
  }
  const std::string gallery = ReadFile(folder / "out/gallery.html");
  EXPECT_NE(gallery.find("data:image/"), std::string::npos);
  EXPECT_EQ(gallery.find("src=\"http"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder / "out/mining.json"));
}

TEST(MineCommand, GivesTheSameBytesWithEveryEngineAndFromStores) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 20);
  EyechartJson(Mine(folder / "photos", folder / "a", {"--engine", "exact"}));
  EyechartJson(
      Mine(folder / "photos", folder / "b", {"--engine", "faiss-flat"}));
  EyechartJson({"mine", "--near-store", (folder / "a/near").string(),
                "--far-store", (folder / "a/far").string(), "--near-min", "0.3",
                "--far-max", "0.95", "-o", (folder / "c").string()});
  const std::string pairs = ReadFile(folder / "a/pairs.csv");
  EXPECT_GT(pairs.size(), 100u);
  EXPECT_EQ(ReadFile(folder / "b/pairs.csv"), pairs);
  EXPECT_EQ(ReadFile(folder / "c/pairs.csv"), pairs);
}

TEST(MineCommand, KeepsTheFirstRowsOnly) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 12);
  const Json json =
      EyechartJson(Mine(folder / "photos", folder / "out", {"--top", "2"}));
  EXPECT_GT(json["blind_pairs"].get<int>(), 2);
  EXPECT_EQ(CsvTable::ReadFile(folder / "out/pairs.csv").rows(), 2u);
}

TEST(MineCommand, LeavesUnreadablePicturesOut) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 6);
  testing::WriteText(folder / "photos/broken.jpg", "no picture");
  const Json json = EyechartJson(Mine(folder / "photos", folder / "out"));
  EXPECT_EQ(json["images"], 7);
  EXPECT_EQ(json["unreadable"], 1);
  EXPECT_EQ(json["candidate_pairs"], 15);
  // And that the thresholds of these tests overlap.
  ASSERT_EQ(json["warnings"].size(), 2u);
  EXPECT_NE(json["warnings"][0].get<std::string>().find("1 of 7 pictures"),
            std::string::npos);
}

// Killed at any moment and started again, it ends with the same bytes.
TEST(MineCommand, SurvivesKillAtAnyMoment) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 700);  // two shards
  const auto arguments = [&](const char* out) {
    return Mine(
        folder / "photos", folder / out,
        {"--batch", "4", "--threads", "1", "--gallery", "--top", "500"});
  };
  ASSERT_EQ(Eyechart(arguments("whole")).exit_code, 0);
  int kills = 0;
  for (int milliseconds = 120; milliseconds < 20'000;
       milliseconds += milliseconds / 3) {
    const auto result = testing::EyechartWithSignal(
        arguments("killed"), SIGKILL, std::chrono::milliseconds(milliseconds));
    if (result.exit_code == 0) break;
    ASSERT_EQ(result.exit_code, 128 + SIGKILL);
    ++kills;
  }
  EXPECT_GT(kills, 0);
  ASSERT_EQ(Eyechart(arguments("killed")).exit_code, 0);
  for (const char* file :
       {"pairs.csv", "gallery.json", "near/manifest.json", "far/items.csv"})
    EXPECT_EQ(ReadFile(folder / "killed" / file),
              ReadFile(folder / "whole" / file))
        << file;
}

// Copies are told apart by how they are copies, and out of sight in the page.
TEST(MineCommand, CopiesAreGroupedAndReported) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 8);
  const fs::path first = fs::directory_iterator(folder / "photos")->path();
  fs::copy_file(first, folder / ("photos/zz" + first.extension().string()));
  const Json json =
      EyechartJson(Mine(folder / "photos", folder / "out", {"--gallery"}));
  EXPECT_EQ(json["copies"]["kinds"]["file"], 1);
  const CsvTable copies = CsvTable::ReadFile(folder / "out/copies.csv");
  ASSERT_GE(copies.rows(), 2u);
  const std::string page = ReadFile(folder / "out/gallery.html");
  EXPECT_NE(page.find("<svg class=\"cosines\""), std::string::npos);
  EXPECT_FALSE(EyechartJson(Mine(folder / "photos", folder / "plain"))
                   .contains("copies"));
}

// From mined pairs to a benchmark that `ask` reads.
TEST(MineCommand, QuestionsAreWrittenOnceAndAsked) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 12);
  const std::string questions = (folder / "q").string();
  const auto arguments = [&](const char* out, std::vector<std::string> more) {
    more.insert(more.end(), {"--questions", questions, "--top", "2"});
    return Mine(folder / "photos", folder / out, more);
  };
  const Json json = EyechartJson(arguments("a", {}));
  EXPECT_EQ(json["questions"]["pairs"], 2);
  EXPECT_EQ(json["questions"]["was_there"], false);
  const auto empty = Eyechart({"ask", questions, "--answers", "none.csv"});
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_NE(empty.err.find("still to be written"), std::string::npos)
      << empty.err;
  testing::WriteText(folder / "q/Questions.csv",
                     "lndex,Question,Options,Correct Answer\n"
                     "1,Which?,(a) left (b) right,(a)\n"
                     "2,Which?,(a) left (b) right,(b)\n"
                     "3,Big?,(a) yes (b) no,(b)\n"
                     "4,Big?,(a) yes (b) no,(a)\n");
  testing::WriteText(folder / "answers.csv",
                     "id,answer\n1,(a)\n2,(b)\n3,(b)\n4,(b)\n");
  const Json asked = EyechartJson(
      {"ask", questions, "--answers", (folder / "answers.csv").string()});
  EXPECT_EQ(asked["pairs"], 2);
  EXPECT_EQ(asked["correct_pairs"], 1);
  // The same again leaves what was written; other pairs are refused.
  const std::string written = ReadFile(folder / "q/Questions.csv");
  EXPECT_EQ(EyechartJson(arguments("b", {}))["questions"]["was_there"], true);
  EXPECT_EQ(ReadFile(folder / "q/Questions.csv"), written);
  const auto other = Eyechart(arguments("c", {"--far-quantile", "0.05"}));
  EXPECT_NE(other.exit_code, 0);
  EXPECT_EQ(ReadFile(folder / "q/Questions.csv"), written);
  // A folder of other things is refused before anything is encoded.
  testing::WriteText(folder / "other/notes.txt", "mine");
  const auto refused =
      Eyechart(Mine(folder / "photos", folder / "d",
                    {"--questions", (folder / "other").string()}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_FALSE(fs::exists(folder / "d/near"));
}

}  // namespace
}  // namespace eyechart
