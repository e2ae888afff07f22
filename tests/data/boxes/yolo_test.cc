#include <gtest/gtest.h>

#include <string>

#include "data/boxes/box_dataset.h"
#include "data/boxes/name_list.h"
#include "data/boxes/yolo_labels.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

using internal::ParseNameLines;
using internal::ParseYamlNames;
using internal::ParseYoloLabels;
using Names = std::vector<std::string>;

TEST(Yolo, ReadsSharesOfThePicture) {
  for (const bool inside : {false, true}) {
    const testing::TempFolder folder;
    const std::string pictures = inside ? "train/images/" : "images/train/";
    const std::string labels = inside ? "train/labels/" : "labels/train/";
    testing::WriteText(folder / "data.yaml", "names: [cat, dog]\nnc: 2\n");
    testing::WriteText(folder / (pictures + "a.bmp"), Header(200, 100));
    testing::WriteText(folder / (pictures + "b.bmp"), Header(200, 100));
    testing::WriteText(folder / (pictures + "c.bmp"), "no picture");
    testing::WriteText(folder / (labels + "a.txt"),
                       "1 0.5 0.5 0.25 0.5\n0 0.1 0.2 0.3 0.2 0.3 0.6\n"
                       "0 nan 0 0 0\n");
    testing::WriteText(folder / (labels + "c.txt"), "0 0.5 0.5 1 1\n");
    testing::WriteText(folder / (labels + "d.txt"), "");
    const BoxDataset set = OpenBoxDataset(folder.path(), "train");
    EXPECT_EQ(set.kind, "yolo");
    EXPECT_EQ(set.categories[1].name, "dog");
    EXPECT_EQ(set.categories[1].id, 2);
    ASSERT_EQ(set.images.size(), 3u);
    EXPECT_EQ(set.images[0].id, "a.bmp");
    ASSERT_EQ(set.boxes.size(), 2u);
    EXPECT_EQ(set.boxes[0].category, 1u);
    EXPECT_EQ(set.boxes[0].x, 75);
    EXPECT_EQ(set.boxes[0].y, 25);
    EXPECT_EQ(set.boxes[0].w, 50);
    EXPECT_EQ(set.boxes[0].h, 50);
    EXPECT_EQ(set.boxes[0].area, 2500);
    // The outline (20, 20), (60, 20), (60, 60).
    EXPECT_NEAR(set.boxes[1].x, 20, 1e-9);
    EXPECT_NEAR(set.boxes[1].y, 20, 1e-9);
    EXPECT_NEAR(set.boxes[1].w, 40, 1e-9);
    EXPECT_NEAR(set.boxes[1].h, 40, 1e-9);
    EXPECT_EQ(ExampleOf(set, "polygon"), "a.bmp: line 2 of its labels");
    EXPECT_EQ(CountOf(set, "box_not_finite"), 1);
    EXPECT_EQ(ExampleOf(set, "no_label_file"), "b.bmp");
    EXPECT_EQ(ExampleOf(set, "unreadable_picture"), "c.bmp");
    EXPECT_EQ(ExampleOf(set, "box_of_unknown_size"), "c.bmp");
    EXPECT_EQ(ExampleOf(set, "stray_label_file"), "d.txt");
  }
}

TEST(Yolo, ReadsLabelsBesidePictures) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "classes.txt", "cat\n");
  testing::WriteText(folder / "a.bmp", Header(10, 10));
  testing::WriteText(folder / "a.txt", "0 0.5 0.5 1 1");
  const BoxDataset set = OpenBoxDataset(folder.path(), "");
  EXPECT_EQ(set.kind, "yolo");
  ASSERT_EQ(set.boxes.size(), 1u);
  EXPECT_TRUE(set.warnings.empty()) << set.warnings.front().kind;
}

TEST(Yolo, NamesTheLineThatIsWrong) {
  const auto told = [](const std::string& text, const char* kind,
                       const std::string& part) {
    const auto labels =
        ParseYoloLabels("0 0 0 1 1\n" + text + "\n2 0 0 1 1\n", 3, "a.txt");
    ASSERT_EQ(labels.faults.size(), 1u) << text;
    EXPECT_EQ(labels.faults[0].kind, kind) << text;
    const std::string& what = labels.faults[0].what;
    EXPECT_EQ(what.rfind("a.txt: line 2: ", 0), 0u) << what;
    EXPECT_NE(what.find(part), std::string::npos) << what;
    // The lines around it stay.
    ASSERT_EQ(labels.boxes.size(), 2u) << text;
    EXPECT_EQ(labels.boxes[1].line, 3u);
    EXPECT_EQ(labels.boxes[1].category, 2u);
  };
  const char* category = "annotation_category_unknown";
  const char* numbers = "box_not_four_numbers";
  told("3 0 0 1 1", category, "class 3; the classes are 0 to 2");
  told("-1 0 0 1 1", category, "class -1");
  told("1.5 0 0 1 1", category, "class 1.5");
  told("nan 0 0 1 1", category, "class nan");
  told("1e30 0 0 1 1", category, "class 1e+30");
  told("1 0 0 1", numbers, "4 numbers");
  told("1 0 0 1 1 0.9", numbers, "6 numbers");
  told("1 0 0 1 1 0 0 1", numbers, "8 numbers");
  told("cat 0 0 1 1", numbers, "\"cat\" is not a number");
  told("1 0,5 0 1 1", numbers, "\"0,5\" is not a number");
  const auto blank = ParseYoloLabels("\n \r\n", 1, "a.txt");
  EXPECT_TRUE(blank.boxes.empty() && blank.faults.empty());
  EXPECT_EQ(ParseYoloLabels("1.0 0 0 1 1", 2, "a.txt").boxes[0].category, 1u);
  // An outline with a coordinate that is no number is no box.
  const auto outline = ParseYoloLabels("0 0 0 1 1 nan 1", 1, "a.txt").boxes;
  EXPECT_NE(outline[0].width, outline[0].width);
}

TEST(Yolo, CountsLinesThatAreNoBoxes) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "classes.txt", "cat\n");
  for (const char* name : {"a", "b"})
    testing::WriteText(folder / (name + std::string(".bmp")), Header(10, 10));
  testing::WriteText(folder / "a.txt", "0 0.5 0.5 1 1\n1 0.5 0.5 1 1\n");
  testing::WriteText(folder / "b.txt", "0 0.5 0.5 1\n2 0.5 0.5 1 1\n");
  const BoxDataset set = OpenBoxDataset(folder.path(), "");
  EXPECT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.boxes.size(), 1u);
  EXPECT_EQ(CountOf(set, "annotation_category_unknown"), 2);
  EXPECT_EQ(ExampleOf(set, "annotation_category_unknown"),
            "a.txt: line 2: class 1; the classes are 0 to 0");
  EXPECT_EQ(CountOf(set, "box_not_four_numbers"), 1);
  // No line is left: the names may be another set's.
  testing::WriteText(folder / "a.txt", "1 0.5 0.5 1 1\n");
  const std::string error =
      testing::InputErrorOf([&] { OpenBoxDataset(folder.path(), ""); });
  EXPECT_NE(error.find("left out: 3, the first is a.txt: line 1: class 1"),
            std::string::npos)
      << error;
}

TEST(NameList, ReadsYaml) {
  const Names names = {"a b", "it's", "1"};
  EXPECT_EQ(ParseYamlNames("names: [a b, \"it's\", 1]", "y"), names);
  EXPECT_EQ(ParseYamlNames("nc: 3\nnames:\n- a b\n- 'it''s'\n- 1\n", "y"),
            names);
  EXPECT_EQ(ParseYamlNames("names:\n  2: 1\n  0: a b\n  1: it's # c\n"
                           "download: |\n  x: y\n    z\n",
                           "y"),
            names);
  const auto told = [](const std::string& text, const std::string& part) {
    const std::string error =
        testing::InputErrorOf([&] { ParseYamlNames(text, "y"); });
    EXPECT_NE(error.find(part), std::string::npos) << text << "\n" << error;
  };
  told("", "\"names\" is missing");
  told("- a", "\"names\" is missing");
  told("nc: 3", "\"names\" is missing");
  told("names: x", "should be a list");
  told("names: []", "is empty");
  told("names: [[a]]", "entry 0 should be a text");
  told("names: [a, b]\nnc: 3", "nc is 3, but there are 2 names");
  told("names: {0: a, 2: b}", "the key 1 is missing");
  told("names: {0: a, x: b}", "keys should be");
  told("names: {0: a, 0: b}", "stands twice");
  told("names: [a", "not valid YAML");
  told("names: *none", "not valid YAML");
  told(std::string(100000, '['), "not valid YAML");
}

TEST(NameList, ReadsLines) {
  EXPECT_EQ(ParseNameLines("\xef\xbb\xbf a b \r\nc\n\n", "t"),
            (Names{"a b", "c"}));
  EXPECT_NE(testing::InputErrorOf([] {
              ParseNameLines("a\n\nb", "t");
            }).find("line 2 is empty"),
            std::string::npos);
  EXPECT_NE(testing::InputErrorOf([] {
              ParseNameLines(" \n", "t");
            }).find("no class names"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::data
