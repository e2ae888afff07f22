#include "probes/detection/transfer/errors.h"

#include <gtest/gtest.h>

namespace eyechart::detection {
namespace {

data::BoxDataset Set() {
  data::BoxDataset set;
  set.categories = {{1, "cat", ""}, {2, "dog", ""}};
  data::BoxImage image;
  image.id = std::string(1, 'a');  // GCC 12 sees an overflow in "a"
  image.width = image.height = 100;
  set.images = {image, image};
  const auto add = [&](std::size_t picture, std::size_t category, double x,
                       double y, double w, double h, bool crowd = false) {
    data::TrueBox box;
    box.image = picture;
    box.category = category;
    box.x = x;
    box.y = y;
    box.w = w;
    box.h = h;
    box.crowd = crowd;
    set.boxes.push_back(box);
  };
  add(0, 0, 10, 10, 20, 20);
  add(0, 1, 50, 50, 20, 20);
  add(1, 0, 0, 0, 60, 100, true);
  add(1, 0, 70, 70, 0, 10);  // no box at all
  return set;
}

FoundBox Found(std::int64_t category, const Corners& corners, float score) {
  return {corners, score, category};
}

TEST(ErrorsOf, MissesAndFalseAlarms) {
  PictureBoxes first;
  first.image = 0;
  first.boxes = {Found(0, {10, 10, 30, 30}, 0.9f),  // found
                 Found(0, {11, 10, 31, 30}, 0.8f),  // the same again
                 Found(0, {50, 50, 70, 70}, 0.7f),  // another class
                 Found(1, {50, 50, 70, 60}, 0.6f),  // IoU 0.5: found
                 Found(1, {0, 0, 5, 5}, 0.2f)};     // below the score
  PictureBoxes second;
  second.image = 1;
  second.boxes = {Found(0, {10, 10, 40, 40}, 0.9f),   // in the crowd
                  Found(0, {45, 10, 75, 40}, 0.8f),   // half of it
                  Found(0, {46, 10, 76, 40}, 0.7f)};  // less than half
  const std::vector<PictureErrors> errors =
      ErrorsOf(Set(), {first, second}, {});
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].truths, 2);
  EXPECT_EQ(errors[0].matched, 2);
  EXPECT_TRUE(errors[0].misses.empty());
  EXPECT_EQ(errors[0].false_alarms, (std::vector<std::size_t>{1, 2}));
  // Neither the crowd nor the empty box can be missed.
  EXPECT_EQ(errors[1].truths, 0);
  EXPECT_TRUE(errors[1].misses.empty());
  EXPECT_EQ(errors[1].false_alarms, (std::vector<std::size_t>{2}));
}

TEST(ErrorsOf, NothingFoundMissesAll) {
  PictureBoxes none;
  none.image = 0;
  const std::vector<PictureErrors> errors = ErrorsOf(Set(), {none}, {});
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].misses, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(errors[0].matched, 0);
}

TEST(ErrorsOf, PicturesThatNothingLookedAtComeLast) {
  PictureBoxes second;
  second.image = 1;
  const std::vector<PictureErrors> errors = ErrorsOf(Set(), {second}, {});
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].image, 1u);
  EXPECT_EQ(errors[1].image, 0u);
  EXPECT_EQ(errors[1].truths, 2);
  EXPECT_EQ(errors[1].misses, (std::vector<std::size_t>{0, 1}));
}

TEST(ErrorsOf, AClassThatTheSetLacksIsNoFalseAlarm) {
  PictureBoxes first;
  first.boxes = {Found(-1, {50, 0, 70, 20}, 0.9f)};
  EXPECT_TRUE(ErrorsOf(Set(), {first}, {})[0].false_alarms.empty());
}

}  // namespace
}  // namespace eyechart::detection
