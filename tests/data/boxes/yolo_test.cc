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

TEST(Yolo, TakesTheBoxBeforeKeypoints) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "data.yaml", "names: [cat]\nkpt_shape: [2, 3]\n");
  testing::WriteText(folder / "images/train/a.bmp", Header(200, 100));
  testing::WriteText(folder / "labels/train/a.txt",
                     "0 0.5 0.5 0.25 0.5 0 0 2 1 1 2\n"
                     "0 0.5 0.5 0.25 0.5\n"
                     "0 0.5 0.5 0.25 0.5 0 0 1 1\n");
  const BoxDataset set = OpenBoxDataset(folder.path(), "train");
  ASSERT_EQ(set.boxes.size(), 1u);
  EXPECT_EQ(set.boxes[0].x, 75);
  EXPECT_EQ(set.boxes[0].w, 50);
  EXPECT_EQ(set.boxes[0].h, 50);
  EXPECT_EQ(CountOf(set, "polygon"), 0);
  EXPECT_EQ(ExampleOf(set, "keypoints"), "a.bmp: line 1 of its labels");
  EXPECT_EQ(CountOf(set, "box_not_four_numbers"), 2);
  EXPECT_NE(ExampleOf(set, "box_not_four_numbers")
                .find("line 2: 5 numbers; there should be 11"),
            std::string::npos);
  for (const char* shape : {"3", "[2]", "[0, 3]", "[2, 4]", "[a, 3]", "{}"}) {
    const std::string error = testing::InputErrorOf([&] {
      internal::ParseYoloYaml(fmt::format("kpt_shape: {}", shape), "y");
    });
    EXPECT_NE(error.find("y: kpt_shape should be"), std::string::npos) << shape;
  }
}

// Each tells of a part that is not read, but for folders called otherwise.
TEST(Yolo, TellsOfAPartWithoutLabels) {
  for (const bool inside : {false, true}) {
    const testing::TempFolder folder;
    const auto path = [&](const std::string& part, const std::string& kind) {
      return inside ? part + "/" + kind + "/" : kind + "/" + part + "/";
    };
    testing::WriteText(folder / "data.yaml", "names: [cat]\n");
    for (const char* part : {"train", "test", "drawn"})
      testing::WriteText(folder / (path(part, "images") + "a.bmp"),
                         Header(10, 10));
    testing::WriteText(folder / (path("train", "labels") + "a.txt"),
                       "0 0.5 0.5 1 1\n");
    const BoxDataset set = OpenBoxDataset(folder.path(), "train");
    EXPECT_EQ(CountOf(set, "part_unread"), 1);
    EXPECT_EQ(ExampleOf(set, "part_unread"),
              fmt::format("{}: 1 picture and no labels",
                          inside ? "test" : "images/test"));
    testing::WriteText(folder / (path("test", "labels") + "a.txt"), "");
    EXPECT_EQ(CountOf(OpenBoxDataset(folder.path(), "train"), "part_unread"),
              0);
  }
}

TEST(Yolo, TellsOfFoldersThatTheYamlGivesOtherwise) {
  const testing::TempFolder folder;
  for (const char* part : {"train", "test", "extra"}) {
    testing::WriteText(folder / (part + std::string("/images/a.bmp")),
                       Header(10, 10));
    if (part != std::string("extra"))
      testing::WriteText(folder / (part + std::string("/labels/a.txt")),
                         "0 0.5 0.5 1 1\n");
  }
  const auto told = [&](const std::string& yaml) {
    testing::WriteText(folder / "data.yaml", "names: [cat]\n" + yaml);
    return ExampleOf(OpenBoxDataset(folder.path(), "train"),
                     "yaml_folders_differ");
  };
  // As exports have it, from anywhere; a part that is not there is no matter.
  for (const char* yaml :
       {"train: ../train/images\nval: ../valid/images\ntest: test/images\n",
        "path: /data/set\ntrain: train\nval:\n", "path: train\ntrain: images\n",
        "train: [./train/images/]\n", "train: C:\\set\\train\\images\n"})
    EXPECT_EQ(told(yaml), "") << yaml;
  EXPECT_EQ(told("train: test/images\n"),
            "train: test/images, but part train is train/images");
  EXPECT_EQ(told("train: lists/train.txt\n"),
            "train: lists/train.txt, but part train is train/images");
  EXPECT_EQ(told("train: train/images\nval: train/images\n"),
            "val: train/images, which is part train");
  EXPECT_EQ(told("train: [train/images, extra/images]\n"),
            "train: extra/images, but part train is train/images");
  EXPECT_EQ(told("val: extra/images\n"), "val: extra/images, which is no part");
}

TEST(Yolo, TellsOfLabelsThatAreStrayOrShared) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "data.yaml", "names: [cat]\n");
  for (const char* name : {"a.bmp", "a.png", "sub/b.bmp"})
    testing::WriteText(folder / ("images/train/" + std::string(name)),
                       Header(10, 10));
  for (const char* name : {"a.txt", "sub/b.txt", "sub/c.txt", "classes.txt"})
    testing::WriteText(folder / ("labels/train/" + std::string(name)),
                       "0 0.5 0.5 1 1\n");
  const BoxDataset set = OpenBoxDataset(folder.path(), "train");
  EXPECT_EQ(CountOf(set, "stray_label_file"), 1);
  EXPECT_EQ(ExampleOf(set, "stray_label_file"), "sub/c.txt");
  EXPECT_EQ(CountOf(set, "shared_label_file"), 1);
  EXPECT_EQ(ExampleOf(set, "shared_label_file"), "a.png: a.txt");
  EXPECT_EQ(CountOf(set, "no_label_file"), 0);
}

TEST(Yolo, EndsLinesAtCarriageReturnsToo) {
  for (const char* end : {"\n", "\r\n", "\r", "\r\r\n"}) {
    const auto labels = ParseYoloLabels(
        fmt::format("0 0 0 1 1{0}{0}1 0 0 1 1{0}x", end), 2, "a.txt");
    ASSERT_EQ(labels.boxes.size(), 2u);
    EXPECT_EQ(labels.faults.size(), 1u);
    EXPECT_EQ(ParseNameLines(fmt::format("a{0}b{0}", end), "t"),
              (Names{"a", "b"}));
  }
  // CRs alone are so many ends, a CR LF is one.
  EXPECT_EQ(ParseYoloLabels("\r\r\r\n0 0 0 1 1", 1, "a").boxes[0].line, 2u);
  EXPECT_EQ(ParseYoloLabels("\r\r0 0 0 1 1", 1, "a").boxes[0].line, 3u);
}

TEST(Yolo, RefusesNamesThatAreNotUtf8) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "classes.txt", "cat\nd\xF6g\n");
  testing::WriteText(folder / "train/a.bmp", Header(10, 10));
  testing::WriteText(folder / "train/a.txt", "0 0.5 0.5 1 1\n");
  const auto told = [&] {
    return testing::InputErrorOf(
        [&] { OpenBoxDataset(folder.path(), "train"); });
  };
  EXPECT_NE(told().find("classes.txt: line 2: the name \"d\\xf6g\" is not "
                        "UTF-8; it should be"),
            std::string::npos)
      << told();
  testing::WriteText(folder / "classes.txt", "cat\nd\xC3\xB6g\n");
  EXPECT_EQ(told(), "");
  // A stray file's name is shown alone.
  testing::WriteText(folder / "train/\xFC.txt", "");
  EXPECT_EQ(
      ExampleOf(OpenBoxDataset(folder.path(), "train"), "stray_label_file"),
      "\\xfc.txt");
  testing::WriteText(folder / "train/b\xF6.bmp", Header(10, 10));
  EXPECT_NE(told().find("train: the name \"b\\xf6.bmp\" is not UTF-8"),
            std::string::npos)
      << told();
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
  told("names: [a, d\xF6g]", "y: the name \"d\\xf6g\" is not UTF-8");
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
