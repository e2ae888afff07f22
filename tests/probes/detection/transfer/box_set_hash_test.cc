#include "probes/detection/transfer/box_set_hash.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace eyechart::detection {
namespace {

data::BoxDataset OneBox() {
  data::BoxDataset set;
  set.name = set.source = std::string("a");
  set.categories = {{1, "red", ""}, {2, "green", ""}};
  data::BoxImage image;
  image.id = std::string("1");
  image.path = "pictures/1.png";
  image.file = "/a/pictures/1.png";
  image.width = 64;
  image.height = 48;
  set.images = {image};
  data::TrueBox box;
  box.x = box.y = 2;
  box.w = box.h = 8;
  box.area = 64;
  set.boxes = {box};
  return set;
}

TEST(BoxSetHash, IsOfAllThatTheListsSay) {
  const std::string hash = BoxSetSha256(OneBox());
  EXPECT_EQ(hash.size(), 64u);
  const std::vector<std::function<void(data::BoxDataset&)>> changes = {
      [](auto& set) { set.images[0].id = std::string("2"); },
      [](auto& set) { set.images[0].path = "pictures/2.png"; },
      [](auto& set) { set.images[0].width = 48; },
      [](auto& set) { set.images[0].height = 64; },
      [](auto& set) { set.images.push_back(set.images[0]); },
      [](auto& set) { set.boxes[0].w = 9; },
      [](auto& set) { set.boxes[0].area = 32; },
      [](auto& set) { set.boxes[0].crowd = true; },
      [](auto& set) { set.boxes[0].category = 1; },
      [](auto& set) { set.boxes.clear(); },
      // Of a category without a box.
      [](auto& set) { set.categories[1].name = "blue"; },
      [](auto& set) { set.categories.pop_back(); }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    data::BoxDataset set = OneBox();
    changes[i](set);
    EXPECT_NE(BoxSetSha256(set), hash) << i;
  }
}

TEST(BoxSetHash, IsTheSameWhereverTheSetLies) {
  data::BoxDataset set = OneBox();
  set.name = set.source = std::string("b");
  set.images[0].file = "/b/pictures/1.png";
  EXPECT_EQ(BoxSetSha256(set), BoxSetSha256(OneBox()));
  // Names of files in any encoding.
  set.images[0].path = "\xe9.png";
  EXPECT_EQ(BoxSetSha256(set).size(), 64u);
}

}  // namespace
}  // namespace eyechart::detection
