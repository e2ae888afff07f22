// Inputs of the micro benchmarks: the same on every machine, and of the shapes
// that they say.
#include <gtest/gtest.h>

#include <set>

#include "benchmarks/micro/made_boxes.h"
#include "benchmarks/micro/made_image.h"

namespace eyechart::benchmarks {
namespace {

TEST(MakeBoxes, AreBoxesOfManyClasses) {
  const MadeBoxes made = MakeBoxes(1000, 5);
  ASSERT_EQ(made.boxes.size(), 4000u);
  ASSERT_EQ(made.scores.size(), 1000u);
  ASSERT_EQ(made.classes.size(), 1000u);
  for (std::size_t i = 0; i < made.boxes.size(); i += 4) {
    EXPECT_GE(made.boxes[i], 0);
    EXPECT_LE(made.boxes[i], made.boxes[i + 2]);
    EXPECT_LE(made.boxes[i + 1], made.boxes[i + 3]);
    EXPECT_LE(made.boxes[i + 3], 1024);
  }
  const std::set<std::int64_t> classes(made.classes.begin(),
                                       made.classes.end());
  EXPECT_GT(classes.size(), 30u);  // of 84 objects
  EXPECT_GE(*classes.begin(), 0);
  EXPECT_LT(*classes.rbegin(), 80);
}

TEST(MakeBoxes, GoByTheSeedAlone) {
  EXPECT_EQ(MakeBoxes(100, 5).boxes, MakeBoxes(100, 5).boxes);
  EXPECT_NE(MakeBoxes(100, 5).boxes, MakeBoxes(100, 6).boxes);
}

TEST(MakeImage, IsOfItsSizeAndSeed) {
  const data::Image image = MakeImage(7, 5, 1);
  EXPECT_EQ(image.width, 7);
  EXPECT_EQ(image.height, 5);
  EXPECT_EQ(image.pixels.size(), 7u * 5 * 3);
  EXPECT_EQ(image.pixels, MakeImage(7, 5, 1).pixels);
  EXPECT_NE(image.pixels, MakeImage(7, 5, 2).pixels);
  const std::set<int> values(image.pixels.begin(), image.pixels.end());
  EXPECT_GT(values.size(), 20u);
}

}  // namespace
}  // namespace eyechart::benchmarks
