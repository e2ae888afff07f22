#include "data/boxes/box_dataset.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <stdexcept>
#include <string>

#include "data/boxes/box_findings.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/split_names.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

std::string Inside(double x, double y, double w, double h, int side = 10) {
  BoxImage image;
  image.width = image.height = side;
  TrueBox box;
  box.x = x;
  box.y = y;
  box.w = w;
  box.h = h;
  const auto part = TrainingBox(box, image);
  return part ? fmt::format("{} {} {} {} area {}", part->x, part->y, part->w,
                            part->h, part->area)
              : "none";
}

TEST(TrainingBox, IsThePartInThePicture) {
  EXPECT_EQ(Inside(1, 2, 3, 4), "1 2 3 4 area 12");
  EXPECT_EQ(Inside(-1, 8, 3, 4), "0 8 2 2 area 4");
  EXPECT_EQ(Inside(-5, -5, 99, 99), "0 0 10 10 area 100");
  EXPECT_EQ(Inside(10, 0, 3, 4), "none");
  EXPECT_EQ(Inside(0, -4, 3, 4), "none");
  EXPECT_EQ(Inside(1, 2, 0, 4), "none");
  EXPECT_EQ(Inside(5, 5, 2, -4), "none");
  EXPECT_EQ(Inside(-5, 50, 20, 4, 0), "-5 50 20 4 area 80");  // size unknown
}

TEST(SingleClass, IsOneCategoryWhateverTheSetHas) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  WriteCoco(folder / "train/_annotations.coco.json", coco);
  // Roboflow's category 0 that names the project, and another order.
  coco["categories"] = Json::parse(R"([{"id": 0, "name": "pets"},
      {"id": 5, "name": "dog", "supercategory": "pets"},
      {"id": 3, "name": "cat", "supercategory": "pets"}])");
  WriteCoco(folder / "test/_annotations.coco.json", coco);
  BoxOptions options;
  options.single_class = true;
  for (const char* part : {"train", "test"}) {
    const BoxDataset plain = OpenBoxDataset(folder.path(), part);
    EXPECT_FALSE(plain.single_class);
    const BoxDataset set = OpenBoxDataset(folder.path(), part, options);
    EXPECT_TRUE(set.single_class);
    ASSERT_EQ(set.categories.size(), 1u);
    EXPECT_EQ(set.categories[0].id, 1);
    EXPECT_EQ(set.categories[0].name, "object");
    ASSERT_EQ(set.boxes.size(), plain.boxes.size());
    for (std::size_t i = 0; i < set.boxes.size(); ++i) {
      EXPECT_EQ(set.boxes[i].category, 0u);
      EXPECT_EQ(set.boxes[i].image, plain.boxes[i].image);
      EXPECT_EQ(set.boxes[i].crowd, plain.boxes[i].crowd);
    }
    // The dummy is dropped before, as ever.
    EXPECT_EQ(CountOf(set, "dummy_category"), CountOf(plain, "dummy_category"));
    const std::size_t first[] = {0};
    EXPECT_TRUE(SelectImages(set, first).single_class);
  }
  // The same place with two names is one box twice to it.
  coco["annotations"].push_back(coco["annotations"][0]);
  coco["annotations"].back()["id"] = 99;
  coco["annotations"].back()["category_id"] = 3;
  WriteCoco(folder / "test/_annotations.coco.json", coco);
  EXPECT_EQ(CountOf(OpenBoxDataset(folder.path(), "test"), "box_twice"), 0);
  EXPECT_EQ(
      CountOf(OpenBoxDataset(folder.path(), "test", options), "box_twice"), 1);
}

TEST(FindingsText, TellsEachKindOnceWithItsCount) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  WriteCoco(folder / "pets/train/_annotations.coco.json", coco);
  EXPECT_EQ(FindingsText(OpenBoxDataset(folder / "pets", "train")), "");
  coco["annotations"][0]["id"] = 0;
  coco["annotations"][1].erase("bbox");
  coco["annotations"][2]["bbox"] = nullptr;
  WriteCoco(folder / "pets/train/_annotations.coco.json", coco);
  std::filesystem::remove(folder / "pets/train/a.bmp");
  const BoxDataset set = OpenBoxDataset(folder / "pets", "train");
  ASSERT_EQ(CountOf(set, "missing_picture"), 1);  // its readers tell of it
  EXPECT_EQ(FindingsText(set),
            "pets, part train: annotation ids below 1 (pycocotools can never "
            "count id 0 as found): 1, all annotations are numbered from 1; "
            "annotations without a box: 2, left out");
}

TEST(FindingsText, TellsOfRowsLeftOutAndOfAPartWithoutBoxes) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["annotations"][0]["category_id"] = 99;
  WriteCoco(folder / "pets/train/_annotations.coco.json", coco);
  EXPECT_EQ(FindingsText(OpenBoxDataset(folder / "pets", "train")),
            "pets, part train: annotations of a category that is not listed: "
            "1, left out");
  coco["annotations"] = Json::array();
  WriteCoco(folder / "pets/valid/_annotations.coco.json", coco);
  EXPECT_EQ(FindingsText(OpenBoxDataset(folder / "pets", "valid")),
            "pets, part valid: parts with pictures and without a box that "
            "counts (crowds do not): 1, they have no AP, and choose nothing");
}

TEST(SelectImages, KeepsTheBoxesOfThePicturesChosen) {
  const testing::TempFolder folder;
  WriteCoco(folder / "c.json", PlainCoco());
  const BoxDataset set = OpenBoxDataset(folder / "c.json", "");
  const auto by_image = BoxesOfImages(set);
  EXPECT_EQ(by_image[0], std::vector<std::size_t>{1});
  EXPECT_EQ(by_image[1], (std::vector<std::size_t>{0, 2}));
  const BoxDataset part = SelectImages(set, std::vector<std::size_t>{1});
  ASSERT_EQ(part.images.size(), 1u);
  EXPECT_EQ(part.images[0].id, "9");
  ASSERT_EQ(part.boxes.size(), 2u);
  EXPECT_EQ(part.boxes[0].id, 11);
  EXPECT_EQ(part.boxes[1].image, 0u);
  EXPECT_EQ(part.categories.size(), 2u);
  const BoxDataset turned = SelectImages(set, std::vector<std::size_t>{1, 0});
  EXPECT_EQ(turned.boxes[1].image, 1u);
  EXPECT_THROW((void)SelectImages(set, std::vector<std::size_t>{0, 0}),
               std::logic_error);
  EXPECT_THROW((void)SelectImages(set, std::vector<std::size_t>{2}),
               std::logic_error);
}

TEST(BoxKinds, SayWhatWasLookedFor) {
  const testing::TempFolder folder;
  const auto told = [&](const std::filesystem::path& root,
                        const std::string& kind = "") {
    BoxOptions options;
    options.kind = kind;
    return testing::InputErrorOf([&] { OpenBoxDataset(root, "", options); });
  };
  EXPECT_NE(told(folder / "none").find("no such file or folder"),
            std::string::npos);
  for (const BoxKind& kind : BoxKinds())
    EXPECT_NE(told(folder.path()).find(kind.what), std::string::npos);
  EXPECT_NE(told(folder.path(), "yollo").find("did you mean \"yolo\"?"),
            std::string::npos);
  // A kind that is named and not there says so itself.
  for (const BoxKind& kind : BoxKinds())
    EXPECT_NE(told(folder.path(), std::string(kind.name)), "") << kind.name;
}

TEST(BoxKinds, AFindingHasOneRow) {
  std::set<std::string_view> names;
  for (const BoxFindingKind& kind : BoxFindingKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(FindBoxFinding(kind.name).what, kind.what);
  }
  EXPECT_THROW((void)FindBoxFinding("none"), std::logic_error);
}

TEST(SplitNames, StandForOneAnother) {
  using internal::MatchSplit;
  using Splits = std::vector<std::string>;
  EXPECT_EQ(internal::InOrder({"zoo", "val", "test", "ant", "train2017"}),
            (Splits{"train2017", "val", "test", "ant", "zoo"}));
  EXPECT_EQ(MatchSplit({"train", "val"}, "validation", "s"), "val");
  EXPECT_EQ(MatchSplit({"val", "valid"}, "valid", "s"), "valid");
  EXPECT_EQ(MatchSplit({"val2017", "val"}, "val", "s"), "val");
  EXPECT_EQ(MatchSplit({"training2", "test"}, "train", "s"), "training2");
  EXPECT_EQ(MatchSplit({"mine7"}, "mine", "s"), "mine7");
  EXPECT_EQ(MatchSplit({"a"}, "", "s"), "a");
  EXPECT_EQ(MatchSplit({""}, "", "s"), "");
  const auto refused = [](const Splits& splits, const std::string& asked) {
    return !testing::InputErrorOf([&] {
              MatchSplit(splits, asked, "s");
            }).empty();
  };
  EXPECT_TRUE(refused({""}, "train"));
  EXPECT_TRUE(refused({"a", "b"}, ""));
  EXPECT_TRUE(refused({"a", "b"}, "c"));
  EXPECT_TRUE(refused({"val", "validation"}, "valid"));
  EXPECT_TRUE(refused({"trainval"}, "train"));
}

}  // namespace
}  // namespace eyechart::data
