#include "reports/run_folder.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

std::string Lines(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) text += RecordToLine(record) + "\n";
  return text;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RunFolderTest, KeepsTheLastRecordOfEachCellAndMetric) {
  const TempFolder folder;
  WriteText(folder / "records.jsonl",
            Lines({testing::EncodeRecord("clip", "images", 1),
                   testing::EncodeRecord("clip", "unreadable", 0),
                   testing::EncodeRecord("dinov2", "images", 5),
                   testing::EncodeRecord("clip", "images", 2)}));
  const RunFolder run = ReadRunFolder(folder.path());
  ASSERT_EQ(run.records.size(), 3u);
  EXPECT_EQ(run.records[0].value, 2);
  EXPECT_EQ(run.records[1].metric, "unreadable");
  EXPECT_EQ(run.records[2].encoder, "dinov2");
}

TEST(RunFolderTest, AnErrorStandsOnlyWhileNoSuccessFollows) {
  const TempFolder folder;
  const Record error = testing::ErrorRecord("no memory");
  WriteText(folder / "records.jsonl",
            Lines({error, error, testing::EncodeRecord("odd", "images", 4)}));
  const RunFolder healed = ReadRunFolder(folder.path());
  ASSERT_EQ(healed.records.size(), 1u);
  EXPECT_EQ(healed.records[0].status, RecordStatus::kOk);

  WriteText(folder / "records.jsonl",
            Lines({error, testing::EncodeRecord("odd", "images", 4),
                   testing::EncodeRecord("clip", "images", 4), error}));
  const RunFolder broken = ReadRunFolder(folder.path());
  ASSERT_EQ(broken.records.size(), 2u);
  EXPECT_EQ(broken.records[0].encoder, "clip");
  EXPECT_EQ(broken.records[1].message, "no memory");
}

TEST(RunFolderTest, LeavesOutALineCutShort) {
  const TempFolder folder;
  const std::string line = Lines({testing::EncodeRecord("clip", "images", 1)});
  WriteText(folder / "records.jsonl", line + line.substr(0, line.size() / 2));
  EXPECT_EQ(ReadRunFolder(folder.path()).records.size(), 1u);
}

TEST(RunFolderTest, NamesFileAndLineOfABadRow) {
  const TempFolder folder;
  WriteText(folder / "records.jsonl",
            Lines({testing::EncodeRecord("clip", "images", 1)}) + "{oops}\n");
  const std::string error = InputErrorOf([&] { ReadRunFolder(folder.path()); });
  EXPECT_TRUE(Contains(error, "records.jsonl:2")) << error;
}

TEST(RunFolderTest, SaysWhatIsNoRunFolder) {
  const TempFolder folder;
  std::string error = InputErrorOf([&] { ReadRunFolder(folder / "none"); });
  EXPECT_TRUE(Contains(error, "none: no such folder")) << error;
  error = InputErrorOf([&] { ReadRunFolder(folder.path()); });
  EXPECT_TRUE(Contains(error, "no records.jsonl")) << error;
  WriteText(folder / "records.jsonl", "");
  WriteText(folder / "environment.json", "[1]");
  error = InputErrorOf([&] { ReadRunFolder(folder.path()); });
  EXPECT_TRUE(Contains(error, "environment.json: should be a JSON object"))
      << error;
}

TEST(RunFolderTest, ReadsEnvironmentGalleryAndName) {
  const TempFolder folder;
  const std::filesystem::path run_path = folder / "nightly";
  WriteText(run_path / "records.jsonl",
            Lines({testing::MineRecord("near_pairs", 9),
                   testing::EncodeRecord("clip", "images", 1)}));
  WriteText(run_path / "environment.json", R"({"cpu": "x"})");
  WriteText(
      run_path / "artifacts" / CellSlug(testing::kMineCell) / "gallery.json",
      testing::SampleGallery().dump());
  // The trailing slash that a shell's completion leaves.
  const RunFolder run = ReadRunFolder(run_path.string() + "/");
  EXPECT_EQ(run.name, "nightly");
  EXPECT_EQ(run.environment.at("cpu"), "x");
  ASSERT_EQ(run.galleries.size(), 1u);
  EXPECT_EQ(run.galleries.begin()->first, testing::kMineCell);
}

TEST(RunFolderTest, HasNoEnvironmentWhereTheFileIsAbsent) {
  const TempFolder folder;
  WriteText(folder / "records.jsonl", "");
  const RunFolder run = ReadRunFolder(folder.path());
  EXPECT_TRUE(run.environment.is_null());
  EXPECT_TRUE(run.records.empty());
}

// sha256sum of "a/b c" begins with 0af99a60 (computed by coreutils).
TEST(CellSlugTest, IsSafeAsAFileNameAndKeepsCellsApart) {
  const std::string slug = CellSlug("a/b c");
  EXPECT_TRUE(slug.starts_with("a_b_c-")) << slug;
  EXPECT_EQ(slug, "a_b_c-0af99a60");
  EXPECT_NE(CellSlug("a/b"), CellSlug("a_b"));
  EXPECT_EQ(CellSlug("../../x").find('/'), std::string::npos);
  EXPECT_LT(CellSlug(std::string(1000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace eyechart::reports
