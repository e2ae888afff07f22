#include "data/boxes/box_check.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

constexpr const char* kFile = "_annotations.coco.json";

// "split kind count: first example" of each finding.
std::vector<std::string> Told(const BoxReport& report) {
  std::vector<std::string> lines;
  for (const BoxFinding& found : report.findings)
    lines.push_back(fmt::format("{} {} {}: {}", found.split, found.warning.kind,
                                found.warning.count,
                                found.warning.examples.front()));
  return lines;
}

void Picture(const std::filesystem::path& path,
             std::uint32_t width,
             std::uint32_t height,
             const std::string& content) {
  testing::WriteText(path, Header(width, height) + content);
}

TEST(CheckBoxes, FindsNothingInAPlainSet) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, PlainCoco());
  Picture(folder / "train/a.bmp", 100, 80, "1");
  const BoxReport report = CheckBoxes(folder.path());
  EXPECT_TRUE(report.findings.empty()) << Told(report).front();
  EXPECT_EQ(report.kind, "roboflow");
  ASSERT_EQ(report.splits.size(), 1u);
  const BoxStatistics& s = report.splits[0];
  EXPECT_EQ(s.images, 2);
  EXPECT_EQ(s.boxes, 3);
  EXPECT_EQ(s.crowds, 1);
  EXPECT_EQ(s.trainable, 2);
  EXPECT_EQ(s.boxes_of_category, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(s.images_of_category, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(s.small, 2);   // 600 and 56
  EXPECT_EQ(s.medium, 1);  // 8000
  EXPECT_EQ(s.boxes_an_image, (std::array<std::int64_t, 5>{1, 1, 1, 2, 2}));
}

TEST(CheckBoxes, ComparesPartsAndPictures) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, PlainCoco());
  Picture(folder / "train/a.bmp", 80, 100, "turned");
  Picture(folder / "train/sub/b.bmp", 100, 80, "other");
  Picture(folder / "train/stray.bmp", 1, 1, "");
  Json test = PlainCoco();
  test["categories"].push_back({{"id", 6}, {"name", "cow"}});
  test["images"].push_back(
      {{"id", 10}, {"file_name", "c.bmp"}, {"width", 100}, {"height", 80}});
  test["images"].push_back(
      {{"id", 11}, {"file_name", "d.bmp"}, {"width", 5}, {"height", 5}});
  WriteCoco(folder / "test" / kFile, test);
  Picture(folder / "test/a.bmp", 100, 80, "other");
  Picture(folder / "test/c.bmp", 100, 80, "same!");
  Picture(folder / "test/sub/b.bmp", 100, 80, "same!");
  testing::WriteText(folder / "test/d.bmp", "no picture");
  EXPECT_EQ(
      Told(CheckBoxes(folder.path())),
      (std::vector<std::string>{
          "train size_differs 1: a.bmp: 100 x 80 in the set, 80 x 100 on disk "
          "(turned)",
          "train unlisted_picture 1: stray.bmp",
          "test unreadable_picture 1: d.bmp",
          "test same_picture 1: c.bmp is sub/b.bmp",
          "test leaked_picture 1: a.bmp is train: sub/b.bmp",
          "test category_without_boxes 1: cow",
          "test categories_differ 1: 3 cat, 5 dog, 6 cow; the first part has "
          "3 cat, 5 dog"}));
  BoxCheckOptions options;
  options.open_pictures = false;
  options.splits = {"testing"};
  const BoxReport lists = CheckBoxes(folder.path(), options);
  EXPECT_EQ(Told(lists),
            (std::vector<std::string>{"test category_without_boxes 1: cow"}));
  EXPECT_EQ(lists.splits[0].images_without_boxes, 2);
  options.splits = {"test", "testing"};
  EXPECT_NE(testing::InputErrorOf([&] { CheckBoxes(folder.path(), options); }),
            "");
}

TEST(CheckBoxes, AMissingFolderOfPicturesIsAFinding) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "c.json", PlainCoco().dump());
  EXPECT_EQ(Told(CheckBoxes(folder / "c.json")),
            (std::vector<std::string>{" missing_picture 2: a.bmp"}));
  EXPECT_NE(testing::InputErrorOf([&] { CheckBoxes(folder / "none"); }), "");
}

TEST(CheckBoxes, ListsRowsThatCannotBeUsed) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["annotations"][0]["image_id"] = 1;
  coco["annotations"][1]["category_id"] = 1;
  coco["annotations"][2]["bbox"] = {1, 2, 3};
  WriteCoco(folder / "c.json", coco);
  BoxCheckOptions options;
  options.open_pictures = false;
  // Even where no row is left, which training refuses.
  EXPECT_EQ(Told(CheckBoxes(folder / "c.json", options)),
            (std::vector<std::string>{
                " no_boxes 1: " + (folder / "c.json").string(),
                " category_without_boxes 2: cat",
                " annotation_image_unknown 1: annotations[0] (id 11): image_id "
                "1 is none of the images",
                " annotation_category_unknown 1: annotations[1] (id 12): "
                "category_id 1 is none of the categories",
                " box_not_four_numbers 1: annotations[2] (id 13): \"bbox\" is "
                "[1,2,3]; it should be 4 numbers: x, y, width, height"}));
}

// VOC's trainval repeats train and val, where those are there.
TEST(CheckBoxes, LooksAtTrainvalWhereThereIsNoTrain) {
  const testing::TempFolder folder;
  const auto parts = [&] {
    std::vector<std::string> names;
    BoxCheckOptions options;
    options.open_pictures = false;
    for (const BoxStatistics& s : CheckBoxes(folder.path(), options).splits)
      names.push_back(s.split);
    return names;
  };
  for (const char* part : {"trainval", "test"})
    testing::WriteText(
        folder / ("annotations/instances_" + std::string(part) + ".json"),
        PlainCoco().dump());
  EXPECT_EQ(parts(), (std::vector<std::string>{"test", "trainval"}));
  testing::WriteText(folder / "annotations/instances_train.json",
                     PlainCoco().dump());
  EXPECT_EQ(parts(), (std::vector<std::string>{"train", "test"}));
}

TEST(CheckBoxes, TellsOfTheWholeSetOnce) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, PlainCoco());
  WriteCoco(folder / "valid" / kFile, PlainCoco());
  testing::WriteText(folder / "test/a.bmp", Header(1, 1));
  BoxCheckOptions options;
  options.open_pictures = false;
  EXPECT_EQ(
      Told(CheckBoxes(folder.path(), options)),
      (std::vector<std::string>{"train part_unread 1: test: 1 picture and no "
                                "_annotations.coco.json"}));
}

TEST(CheckBoxes, ShowsNamesThatAreNotUtf8) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, PlainCoco());
  testing::WriteText(folder / "train/\xF6.bmp", Header(1, 1));
  BoxCheckOptions options;
  options.open_pictures = false;
  EXPECT_EQ(Told(CheckBoxes(folder.path(), options)),
            (std::vector<std::string>{"train unlisted_picture 1: \\xf6.bmp"}));
}

TEST(CheckBoxes, PrintsJson) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["annotations"][0]["bbox"] = {0, 0, 0, 0};
  WriteCoco(folder / "valid" / kFile, coco);
  const Json json = ToJson(CheckBoxes(folder.path()));
  EXPECT_EQ(json["categories"][1]["name"], "dog");
  EXPECT_EQ(json["splits"][0]["split"], "valid");
  EXPECT_EQ(json["splits"][0]["boxes_an_image"]["max"], 2);
  bool found = false;
  for (const Json& row : json["findings"]) {
    if (row["kind"] != "box_degenerate") continue;
    found = true;
    EXPECT_EQ(row["count"], 1);
    EXPECT_EQ(row["split"], "valid");
    EXPECT_EQ(row["examples"][0], "sub/b.bmp: box 11, dog at [0, 0, 0, 0]");
    EXPECT_NE(row["done"], "");
  }
  EXPECT_TRUE(found);
}

TEST(BoxStatistics, CutsAsCocoDoes) {
  BoxDataset set;
  set.categories = {{1, "a", ""}};
  set.images.resize(5);
  const auto add = [&](std::size_t image, double area) {
    TrueBox box;
    box.image = image;
    box.w = box.h = 1;
    box.area = area;
    set.boxes.push_back(box);
  };
  for (const double area : {1023.9, 1024.0, 9215.9, 9216.0, 1e9}) add(0, area);
  for (const std::size_t image : {1, 1, 1, 2, 2, 3}) add(image, 1);
  const BoxStatistics s = StatisticsOf(set);
  EXPECT_EQ(s.small, 7);
  EXPECT_EQ(s.medium, 2);
  EXPECT_EQ(s.large, 2);
  EXPECT_EQ(s.images_without_boxes, 1);
  // 0 1 2 3 5: of 5, ranks 1, 2, 3, 4, 5.
  EXPECT_EQ(s.boxes_an_image, (std::array<std::int64_t, 5>{0, 1, 2, 3, 5}));
  EXPECT_EQ(StatisticsOf({}).boxes_an_image[4], 0);
}

}  // namespace
}  // namespace eyechart::data
