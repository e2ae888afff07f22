#include "probes/multiple_choice/patterns.h"

#include <gtest/gtest.h>

namespace eyechart::multiple_choice {
namespace {

TEST(PatternRank, IsThePapersOrder) {
  int rank = 0;
  for (const auto& [title, generated] :
       {std::pair{"Orientation", "orientation"},
        {"Presence", "presence"},
        {"State", "state"},
        {"Quantity", "quantity"},
        {"Spatial", "position"},
        {"Color", "color"},
        {"Structural_Character", "structure"},
        {"text", "text"},
        {"CAMERA PERSPECTIVE", "viewpoint"}}) {
    EXPECT_EQ(PatternRank(title), rank) << title;
    EXPECT_EQ(PatternRank(generated), rank++) << generated;
  }
  EXPECT_EQ(PatternRank("swap_att"), 9);
}

TEST(PatternTitle, IsTheReleasedSpelling) {
  EXPECT_EQ(PatternTitle("camera_perspective"), "Camera Perspective");
  EXPECT_EQ(PatternTitle("Other_thing"), "Other thing");
}

}  // namespace
}  // namespace eyechart::multiple_choice
