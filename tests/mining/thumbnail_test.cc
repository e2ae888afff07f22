#include "mining/thumbnail.h"

#include <gtest/gtest.h>

#include "data/image.h"
#include "data/scenes/encode.h"
#include "tests/oriented_jpeg.h"

namespace eyechart::mining {
namespace {

// What is drawn over a thumbnail is in the picture as its detector saw it.
TEST(Thumbnail, IsTurnedWhereTheDetectorsPictureWas) {
  const data::Image wide{120, 80, std::vector<std::uint8_t>(3 * 120 * 80, 90)};
  const std::string jpeg = testing::Oriented(scenes::EncodeJpeg(wide, 90), 6);
  const Thumbnail stored = MakeThumbnail(jpeg, 60);
  EXPECT_EQ(stored.width, 60) << stored.error;
  EXPECT_EQ(stored.height, 40);
  data::DecodeOptions decode;
  decode.orient = data::OrientMode::kExif;
  const Thumbnail turned = MakeThumbnail(jpeg, 60, decode);
  EXPECT_EQ(turned.width, 40) << turned.error;
  EXPECT_EQ(turned.height, 60);
}

}  // namespace
}  // namespace eyechart::mining
