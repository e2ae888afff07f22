// Roboflow's exports, and COCO's own folders.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <string>

#include "data/boxes/box_dataset.h"
#include "data/boxes/box_findings.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

constexpr const char* kFile = "_annotations.coco.json";

// As Roboflow exports: a project for category 0, ids from 0.
Json Export() {
  Json coco = PlainCoco();
  coco["categories"] = Json::parse(R"([
    {"id": 0, "name": "pets", "supercategory": "none"},
    {"id": 1, "name": "cat", "supercategory": "pets"},
    {"id": 2, "name": "dog", "supercategory": "pets"}])");
  for (int i = 0; i < 3; ++i) {
    coco["annotations"][i]["id"] = i;
    coco["annotations"][i]["category_id"] = 1 + i % 2;
  }
  return coco;
}

Json Empty(Json coco) {
  coco["images"] = coco["annotations"] = Json::array();
  return coco;
}

TEST(Roboflow, DropsTheProjectAndNumbersFromOne) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, Export());
  WriteCoco(folder / "valid" / kFile, Empty(Export()));
  EXPECT_EQ(BoxSplits(folder.path()),
            (std::vector<std::string>{"train", "valid"}));
  for (const bool itself : {false, true}) {
    const BoxDataset set = itself ? OpenBoxDataset(folder / "train", "")
                                  : OpenBoxDataset(folder.path(), "train");
    EXPECT_EQ(set.kind, "roboflow");
    ASSERT_EQ(set.categories.size(), 2u);
    EXPECT_EQ(set.categories[0].id, 1);
    EXPECT_EQ(set.boxes[0].category, 0u);
    EXPECT_EQ(set.boxes[1].category, 1u);
    EXPECT_EQ(set.boxes[0].id, 1);
    EXPECT_EQ(ExampleOf(set, "dummy_category"), "pets");
    EXPECT_EQ(CountOf(set, "annotation_id_below_one"), 1);
  }
}

TEST(Roboflow, KeepsACategoryZeroThatIsUsed) {
  // In this part, or in another: all parts have the same categories.
  for (const char* used : {"train", "test"}) {
    const testing::TempFolder folder;
    Json with = Export();
    with["annotations"][0]["category_id"] = 0;
    WriteCoco(folder / "train" / kFile,
              used == std::string("train") ? with : Export());
    WriteCoco(folder / "test" / kFile,
              used == std::string("test") ? with : Export());
    for (const BoxDataset& set : {OpenBoxDataset(folder.path(), "train"),
                                  OpenBoxDataset(folder.path(), "test"),
                                  OpenBoxDataset(folder / "train", "")}) {
      EXPECT_EQ(set.categories.size(), 3u) << used;
      EXPECT_EQ(CountOf(set, "dummy_category"), 0);
    }
  }
}

TEST(Roboflow, KeepsACategoryZeroThatIsNoProject) {
  const testing::TempFolder folder;
  Json coco = Export();
  coco["categories"][2]["supercategory"] = "none";
  WriteCoco(folder / "train" / kFile, coco);
  EXPECT_EQ(OpenBoxDataset(folder.path(), "").categories.size(), 3u);
}

TEST(Roboflow, AnEmptyPartIsLegal) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, Export());
  WriteCoco(folder / "valid" / kFile, Empty(Export()));
  const BoxDataset set = OpenBoxDataset(folder.path(), "val");
  EXPECT_EQ(set.split, "valid");
  EXPECT_TRUE(set.images.empty());
  EXPECT_EQ(set.categories.size(), 2u);
  EXPECT_EQ(CountOf(set, "no_images"), 1);
}

TEST(Roboflow, NamesThePartsThatThereAre) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, Export());
  WriteCoco(folder / "test" / kFile, Export());
  const auto told = [&](const std::string& split) {
    return testing::InputErrorOf([&] { OpenBoxDataset(folder.path(), split); });
  };
  EXPECT_NE(told("").find("train, test"), std::string::npos) << told("");
  EXPECT_NE(told("valid").find("there are train, test"), std::string::npos);
  EXPECT_NE(told("tset").find("did you mean \"test\"?"), std::string::npos);
}

TEST(Roboflow, TellsOfAPartWithoutItsList) {
  const testing::TempFolder folder;
  WriteCoco(folder / "train" / kFile, Export());
  WriteCoco(folder / "valid" / kFile, Export());
  WriteCoco(folder / "test/annotations.coco.json", Export());
  testing::WriteText(folder / "drawn/a.bmp", Header(1, 1));  // is no part
  for (const char* part : {"train", "valid"}) {
    const BoxDataset set = OpenBoxDataset(folder.path(), part);
    EXPECT_EQ(CountOf(set, "part_unread"), 1);
    EXPECT_EQ(ExampleOf(set, "part_unread"),
              "test: 2 pictures and no _annotations.coco.json");
    EXPECT_NE(
        FindingsText(set).find("no boxes' file: 1 (test: 2 pictures and no "
                               "_annotations.coco.json), not read"),
        std::string::npos)
        << FindingsText(set);
  }
  // Of the set as a whole: told once where its parts are read one by one.
  std::set<std::string> told;
  const auto lines = [&](const char* part) {
    return FindingsText(OpenBoxDataset(folder.path(), part), &told);
  };
  EXPECT_NE(lines("train").find("no boxes' file"), std::string::npos);
  EXPECT_EQ(lines("valid").find("no boxes' file"), std::string::npos);
  WriteCoco(folder / "test" / kFile, Export());
  EXPECT_EQ(CountOf(OpenBoxDataset(folder.path(), "train"), "part_unread"), 0);
}

TEST(CocoFolder, RefusesAPipeForAList) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "annotations/instances_train.json",
                     PlainCoco().dump());
  testing::WriteText(folder / "train/a.bmp", Header(100, 80));
  const auto pipe = folder / "annotations/instances_test.json";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(
      testing::InputErrorOf([&] { OpenBoxDataset(folder.path(), "test"); }),
      pipe.string() + ": is no regular file");
  // Not even as the other part.
  EXPECT_EQ(OpenBoxDataset(folder.path(), "train").boxes.size(), 3u);
}

TEST(CocoFolder, FindsPartsByYearAndPicturesByFolder) {
  const testing::TempFolder folder;
  const auto write = [&](const std::string& split, const std::string& where) {
    testing::WriteText(folder / ("annotations/instances_" + split + ".json"),
                       PlainCoco().dump());
    testing::WriteText(folder / (where + "/a.bmp"), Header(100, 80));
  };
  write("train2017", "train2017");
  write("val2017", "images/val2017");
  testing::WriteText(folder / "annotations/captions_val2017.json", "{");
  EXPECT_EQ(BoxSplits(folder.path()),
            (std::vector<std::string>{"train2017", "val2017"}));
  const BoxDataset train = OpenBoxDataset(folder.path(), "train");
  EXPECT_EQ(train.kind, "coco-folder");
  EXPECT_EQ(train.split, "train2017");
  EXPECT_EQ(train.images[0].file, folder / "train2017/a.bmp");
  const BoxDataset valid = OpenBoxDataset(folder.path(), "validation");
  EXPECT_EQ(valid.images[0].file, folder / "images/val2017/a.bmp");
  BoxOptions options;
  options.pictures = folder / "images";
  EXPECT_EQ(OpenBoxDataset(folder.path(), "val2017", options).images[0].file,
            folder / "images/val2017/a.bmp");
  write("val2014", "val2014");
  const std::string error =
      testing::InputErrorOf([&] { OpenBoxDataset(folder.path(), "val"); });
  EXPECT_NE(error.find("any of val2014, val2017"), std::string::npos) << error;
}

}  // namespace
}  // namespace eyechart::data
