#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::Eyechart;
using testing::EyechartJson;

// Two pictures that are not on disk and two boxes, one of them empty.
constexpr const char* kCoco =
    R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 50, "height": 40},
                   {"id": 2, "file_name": "b.jpg", "width": 50, "height": 40}],
        "categories": [{"id": 4, "name": "cat"}, {"id": 5, "name": "cow"}],
        "annotations": [
          {"id": 1, "image_id": 1, "category_id": 4, "bbox": [1, 2, 3, 4]},
          {"id": 2, "image_id": 1, "category_id": 4, "bbox": [1, 2, 0, 4]}]})";

TEST(DetectCheckCommand, ListsWhatIsOdd) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "train/_annotations.coco.json", kCoco);
  const auto result = Eyechart({"detect", "check", folder.path().string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* line :
       {"roboflow, 2 categories", "0 | 0 0 2 | 2",
        "train: listed pictures that are not on disk: 2; kept", "    a.jpg\n",
        "train: boxes without width or height: 1; kept as they are",
        "    a.jpg: box 2, cat at [1, 2, 0, 4]\n",
        "train: categories without a box in the part: 1\n    cow\n"})
    EXPECT_NE(result.out.find(line), std::string::npos) << line << "\n"
                                                        << result.out;
}

TEST(DetectCheckCommand, PrintsJson) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "c.json", kCoco);
  const Json json = EyechartJson(
      {"detect", "check", (folder / "c.json").string(), "--lists-only"});
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "detect check");
  EXPECT_EQ(json["kind"], "coco");
  EXPECT_EQ(json["splits"][0]["boxes"], 2);
  EXPECT_EQ(json["splits"][0]["trainable"], 1);
  EXPECT_EQ(json["findings"].size(), 3u);
}

TEST(DetectCheckCommand, ListsRowsThatCannotBeUsed) {
  const testing::TempFolder folder;
  Json coco = Json::parse(kCoco);
  coco["annotations"][1]["category_id"] = 99;
  testing::WriteText(folder / "c.json", coco.dump());
  const auto result = Eyechart(
      {"detect", "check", (folder / "c.json").string(), "--lists-only"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find(
                "(all): annotations of a category that is not listed: 1; left "
                "out\n    annotations[1] (id 2): category_id 99 is none of the "
                "categories\n"),
            std::string::npos)
      << result.out;
}

TEST(DetectCheckCommand, StrictGivesAnExitCode) {
  const testing::TempFolder folder;
  const auto code = [&](const Json& coco, std::vector<std::string> more) {
    testing::WriteText(folder / "c.json", coco.dump());
    more.insert(more.begin(), {"detect", "check", (folder / "c.json").string(),
                               "--lists-only"});
    return Eyechart(more).exit_code;
  };
  Json coco = Json::parse(kCoco);
  EXPECT_EQ(code(coco, {}), 0);
  EXPECT_EQ(code(coco, {"--strict"}), 1);
  EXPECT_EQ(code(coco, {"--strict", "--json"}), 1);
  // In order: pictures that are there, boxes with extent, both classes.
  for (const char* name : {"a.jpg", "b.jpg"})
    testing::WriteText(folder / name, "");
  coco["annotations"][1]["bbox"] = {1, 2, 3, 5};
  coco["annotations"][1]["category_id"] = 5;
  EXPECT_EQ(code(coco, {"--strict"}), 0);
  EXPECT_EQ(code(Json::array(), {"--strict"}), 2);
}

// One bad row ends nothing.
TEST(DetectCheckCommand, GoesOnBehindABadPicture) {
  const testing::TempFolder folder;
  Json coco = Json::parse(kCoco);
  coco["images"].push_back(coco["images"][0]);
  coco["images"].push_back({{"file_name", "c.jpg"}});
  coco["categories"].push_back({{"id", 5}, {"name", "sow"}});
  coco["images"][1]["width"] = -1;
  testing::WriteText(folder / "c.json", coco.dump());
  const auto result = Eyechart(
      {"detect", "check", (folder / "c.json").string(), "--lists-only"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* line :
       {"the id or name of one before them: 1; left out, the first stays\n"
        "    images[2]: image \"a.jpg\" has the id 1 of image \"a.jpg\"\n",
        "    images[3]: key \"id\" should be an integer or a text\n",
        "    images[1]: \"width\" is -1;",
        "categories with the id of one before them: 1"})
    EXPECT_NE(result.out.find(line), std::string::npos) << line << "\n"
                                                        << result.out;
}

TEST(DetectCheckCommand, TakesTheOtherCommandsNames) {
  const testing::TempFolder folder;
  for (const char* part : {"train", "valid"})
    testing::WriteText(folder / part / "_annotations.coco.json", kCoco);
  const std::string root = folder.path().string();
  const auto splits = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"detect", "check", root, "--lists-only"});
    std::vector<std::string> names;
    const Json said = EyechartJson(more);
    for (const Json& one : said["splits"])
      names.push_back(one["split"].get<std::string>());
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(splits({"--set-kind", "roboflow"}), (Names{"train", "valid"}));
  EXPECT_EQ(splits({"--part", "valid,train"}), (Names{"valid", "train"}));
  // As they were called here before.
  EXPECT_EQ(splits({"--split", "val", "--kind", "roboflow"}), Names{"valid"});
  const std::string help = Eyechart({"detect", "check", "--help"}).out;
  EXPECT_NE(help.find("--part"), std::string::npos);
  EXPECT_NE(help.find("generated"), std::string::npos);
  EXPECT_EQ(help.find("--split"), std::string::npos) << help;
  EXPECT_EQ(help.find(" --kind"), std::string::npos) << help;
  EXPECT_EQ(help.find("Excludes"), std::string::npos) << help;
  const std::vector<Names> both = {
      {"--part", "train", "--split", "valid"},
      {"--set-kind", "roboflow", "--kind", "coco"}};
  for (const Names& pair : both) {
    const std::string told = testing::Refused(
        {"detect", "check", root, pair[0], pair[1], pair[2], pair[3]});
    EXPECT_NE(told.find(pair[2] + " is " + pair[0] + " by its older name"),
              std::string::npos)
        << told;
  }
}

TEST(DetectCheckCommand, CountsASingleClass) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "c.json", kCoco);
  const Json json =
      EyechartJson({"detect", "check", (folder / "c.json").string(),
                    "--lists-only", "--single-class"});
  ASSERT_EQ(json["categories"].size(), 1u);
  EXPECT_EQ(json["categories"][0]["name"], "object");
  EXPECT_EQ(json["splits"][0]["boxes_of_category"], Json({2}));
}

TEST(DetectCheckCommand, RefusesWithExitCodeTwo) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "c.json", "{");
  const auto told = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"detect", "check"});
    const auto result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    return result.err;
  };
  const std::string cut = told({(folder / "c.json").string()});
  EXPECT_NE(cut.find("not valid JSON"), std::string::npos) << cut;
  EXPECT_NE(cut.find("ends after byte 1 (line 1), with 1 bracket open"),
            std::string::npos)
      << cut;
  EXPECT_NE(told({folder.path().string()}).find("no detection set"),
            std::string::npos);
  EXPECT_NE(told({(folder / "none").string()}).find("no such file"),
            std::string::npos);
  EXPECT_NE(told({folder.path().string(), "--set-kind", "vic"}).find("\"voc\""),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart
