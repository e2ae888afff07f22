#include "probes/detection/transfer/found_json.h"

#include <gtest/gtest.h>

#include "core/files.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

data::BoxImage Image(const std::string& id, std::int64_t number, bool text) {
  data::BoxImage image;
  image.id = id;
  image.number = number;
  image.path = id;
  image.width = 20;
  image.height = 10;
  image.text_id = text;
  return image;
}

data::BoxDataset Set(std::vector<data::BoxImage> images) {
  data::BoxDataset set;
  set.categories = {{9, "dog", ""}, {4, "cat", ""}};
  set.images = std::move(images);
  data::TrueBox box;
  box.image = 1;
  box.category = 1;
  box.x = 1;
  box.y = 2;
  box.w = 3;
  box.h = 4;
  box.area = 11;
  box.crowd = true;
  set.boxes = {box};
  return set;
}

TEST(ImageIdsOf, AreOfTheTypeThatTheFileHas) {
  // Numbers written as texts stay texts, as coco-eval tells the two apart.
  EXPECT_EQ(ImageIdsOf(Set({Image("3", 3, true), Image("7", 7, true)})),
            (std::vector<Json>{"3", "7"}));
  // Beside a text that is none, BoxImage numbers from 1; the file does not.
  EXPECT_EQ(ImageIdsOf(Set({Image("70", 1, false), Image("a.jpg", 2, true)})),
            (std::vector<Json>{70, "a.jpg"}));
  // VOC and YOLO have names for ids, and numbers from us.
  EXPECT_EQ(ImageIdsOf(Set({Image("000005", 1, false), Image("b", 2, false)})),
            (std::vector<Json>{1, 2}));
}

TEST(WriteFound, DetectionsAndTruthFitEachOther) {
  const eyechart::testing::TempFolder folder;
  const data::BoxDataset set = Set({Image("3", 3, true), Image("7", 7, true)});
  PictureBoxes found;
  found.image = 1;
  found.boxes = {{{1, 2, 4, 6}, 0.5f, 1}, {{1, 2, 4, 6}, 0.25f, -1}};
  WriteFound(folder.path(), set, {found});
  EXPECT_EQ(ReadJsonFile(folder / "detections.json"),
            Json::parse(R"([{"image_id": "7", "category_id": 4,
                             "bbox": [1.0, 2.0, 3.0, 4.0], "score": 0.5}])"));
  const Json truth = ReadJsonFile(folder / "truth.json");
  EXPECT_EQ(truth["images"][0], Json::parse(R"({"id": "3", "file_name": "3",
                                                "width": 20, "height": 10})"));
  EXPECT_EQ(truth["annotations"],
            Json::parse(R"([{"id": 1, "image_id": "7", "category_id": 4,
                             "bbox": [1.0, 2.0, 3.0, 4.0], "area": 11.0,
                             "iscrowd": 1}])"));
  EXPECT_EQ(truth["categories"][1], Json::parse(R"({"id": 4, "name": "cat"})"));
}

}  // namespace
}  // namespace eyechart::detection
