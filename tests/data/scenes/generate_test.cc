#include "data/scenes/generate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "core/csv.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/statistics.h"
#include "data/decode.h"
#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

namespace fs = std::filesystem;

GenerateOptions Some(const std::string& kind, const fs::path& out) {
  GenerateOptions options;
  options.kind = kind;
  options.out = out;
  options.count = 5;
  options.seed = 4;
  options.render.size = 64;
  options.threads = 1;
  return options;
}

// Every file of a folder by its relative path.
std::map<std::string, std::string> Files(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder).string()] =
          ReadFile(entry.path());
  }
  return files;
}

TEST(Generate, FoldersAreTheSameOnAnyNumberOfThreads) {
  const testing::TempFolder folder;
  for (const GeneratedKind& kind : GeneratedKinds()) {
    const std::string name(kind.name);
    GenerateOptions options = Some(name, folder / (name + "1"));
    Generate(options, Progress::None());
    options.out = folder / (name + "3");
    options.threads = 3;
    Generate(options, Progress::None());
    EXPECT_EQ(Files(folder / (name + "1")), Files(folder / (name + "3")))
        << name;
  }
  // Nothing is left beside the folders.
  for (const auto& entry : fs::directory_iterator(folder.path()))
    EXPECT_NE(entry.path().filename().string()[0], '.');
}

TEST(Generate, SubsetsHaveTheSamePictures) {
  const testing::TempFolder folder;
  GenerateOptions options = Some("patterns", folder / "all");
  Generate(options, Progress::None());
  options.out = folder / "some";
  options.count = 3;
  options.patterns = {"text", "state"};
  Generate(options, Progress::None());
  const auto all = Files(folder / "all");
  int pictures = 0;
  for (const auto& [path, bytes] : Files(folder / "some")) {
    if (path.rfind("images/", 0) != 0) continue;
    EXPECT_EQ(all.at(path), bytes) << path;
    ++pictures;
  }
  EXPECT_EQ(pictures, 12);
}

TEST(Generate, WritesWhatTheManifestSays) {
  const testing::TempFolder folder;
  GenerateOptions options = Some("patterns", folder / "p");
  options.png = true;
  const GenerateSummary summary = Generate(options, Progress::None());
  EXPECT_EQ(summary.pairs, 45);
  EXPECT_EQ(summary.pictures, 90);
  const Json manifest = ReadJsonFile(folder / "p" / "manifest.json");
  EXPECT_EQ(manifest, summary.manifest);
  EXPECT_EQ(manifest["questions_sha256"],
            Sha256File(folder / "p" / "questions.csv"));
  const CsvTable table = CsvTable::ReadFile(folder / "p" / "questions.csv");
  ASSERT_EQ(table.rows(), 90u);
  std::string digests;
  std::map<std::string, std::string> answers;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto at = [&](const char* name) {
      return table.at(row, table.Column(name));
    };
    EXPECT_EQ(at("id") + ".png", at("path"));
    const data::Image image =
        data::Decode(ReadFile(folder / "p" / at("path")), {}).image;
    EXPECT_EQ(image.width, 64);
    // PNG loses nothing: the hash of the drawn pixels is that of the files'.
    Sha256 hash;
    hash.Update(image.pixels.data(), image.pixels.size());
    digests += hash.HexDigest();
    answers[at("pair")] += at("answer");
  }
  EXPECT_EQ(manifest["pixels_sha256"], Sha256Hex(digests));
  EXPECT_EQ(answers.size(), 45u);
  for (const auto& [pair, letters] : answers)
    EXPECT_TRUE(letters == "ab" || letters == "ba") << pair;
}

TEST(Generate, ScenesComeAsCoco) {
  const testing::TempFolder folder;
  Generate(Some("scenes", folder / "s"), Progress::None());
  const Json coco = ReadJsonFile(folder / "s" / "instances.json");
  ASSERT_EQ(coco["images"].size(), 5u);
  for (const Json& image : coco["images"])
    EXPECT_TRUE(
        fs::exists(folder / "s" / image["file_name"].get<std::string>()));
  std::int64_t id = 0;
  for (const Json& annotation : coco["annotations"]) {
    EXPECT_EQ(annotation["id"], ++id);
    EXPECT_EQ(annotation["iscrowd"], 0);
    EXPECT_EQ(annotation["bbox"].size(), 4u);
    EXPECT_GT(annotation["area"].get<int>(), 0);
  }
  EXPECT_EQ(CsvTable::ReadFile(folder / "s" / "captions.csv").rows(), 5u);
}

TEST(Generate, KeepsWhatItDidNotMake) {
  const testing::TempFolder folder;
  fs::create_directory(folder / "empty");
  Generate(Some("clocks", folder / "empty"), Progress::None());
  GenerateOptions options = Some("gauges", folder / "empty");
  const auto error = [&] {
    return testing::InputErrorOf([&] { Generate(options, Progress::None()); });
  };
  EXPECT_NE(error().find("--force"), std::string::npos);
  options.force = true;
  EXPECT_EQ(error(), "");
  EXPECT_EQ(ReadJsonFile(folder / "empty" / "manifest.json")["kind"], "gauges");
  testing::WriteText(folder / "mine" / "thesis.txt", "three years");
  options.out = folder / "mine";
  EXPECT_NE(error().find("not replaced"), std::string::npos);
  EXPECT_EQ(ReadFile(folder / "mine" / "thesis.txt"), "three years");
}

TEST(Generate, RefusesAndLeavesNothing) {
  const testing::TempFolder folder;
  const auto error = [&](auto change) {
    GenerateOptions options = Some("patterns", folder / "x");
    change(options);
    const std::string text =
        testing::InputErrorOf([&] { Generate(options, Progress::None()); });
    EXPECT_FALSE(fs::exists(folder / "x"));
    return text;
  };
  using O = GenerateOptions;
  EXPECT_NE(error([](O& o) { o.kind = "pattern"; }).find("\"patterns\""),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.count = 0; }), "");
  EXPECT_NE(error([](O& o) { o.patterns = {"txt"}; }).find("\"text\""),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.patterns = {"text", "text"}; }), "");
  EXPECT_NE(error([](O& o) { o.steps = {8}; }), "");
  EXPECT_NE(error([](O& o) { o.render.size = 10; }), "");
  EXPECT_NE(error([](O& o) { o.directions = 5; }), "");
  EXPECT_NE(error([](O& o) {
              o.kind = "scenes";
              o.caption_detail = -1;
            }),
            "");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(ExpectedHalfWidth, EqualsWilsonAtOneHalf) {
  for (const std::int64_t n : {2, 16, 100, 1000}) {
    const Interval wilson = WilsonInterval(n / 2, n);
    EXPECT_NEAR(ExpectedHalfWidth(n), (wilson.high - wilson.low) / 2, 1e-12);
  }
}

}  // namespace
}  // namespace eyechart::scenes
