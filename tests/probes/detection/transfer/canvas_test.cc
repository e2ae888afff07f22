#include "probes/detection/transfer/canvas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

Canvas Square(int size, bool keep_aspect = false) {
  return {size, size, keep_aspect, data::Filter::kBilinear, {9, 8, 7}};
}

// Blue, with a red box from (x1, y1) to (x2, y2).
data::Image WithBox(int width, int height, const Corners& box) {
  data::Image image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool in = x >= box[0] && x < box[2] && y >= box[1] && y < box[3];
      const std::uint8_t red = in ? 255 : 0;
      const std::uint8_t blue = in ? 0 : 255;
      image.pixels.insert(image.pixels.end(), {red, 0, blue});
    }
  return image;
}

// Around the pixels that are more red than blue.
Corners RedIn(const data::Image& image) {
  Corners found = {1e9, 1e9, -1, -1};
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* pixel =
          &image.pixels[static_cast<std::size_t>(3 * (y * image.width + x))];
      if (pixel[0] <= pixel[2] || pixel[0] < 60) continue;
      found[0] = std::min<double>(found[0], x);
      found[1] = std::min<double>(found[1], y);
      found[2] = std::max<double>(found[2], x + 1);
      found[3] = std::max<double>(found[3], y + 1);
    }
  return found;
}

TEST(Canvas, StretchesOrKeepsProportions) {
  const Placing stretched = PlaceWhole(200, 100, Square(64));
  const auto box = ToCanvas({50, 25, 100, 50}, stretched, Square(64));
  ASSERT_TRUE(box);
  EXPECT_EQ(box->corners, (Corners{16, 16, 32, 32}));
  EXPECT_EQ(box->visible, 1);
  const Canvas fit = Square(64, true);
  const Placing kept = PlaceWhole(200, 100, fit);
  EXPECT_EQ(kept.top, 16);
  EXPECT_EQ(kept.height, 32);
  const auto fitted = ToCanvas({50, 25, 100, 50}, kept, fit);
  ASSERT_TRUE(fitted);
  EXPECT_EQ(fitted->corners, (Corners{16, 24, 32, 32}));
  const data::Image shown = Render(WithBox(200, 100, {}), kept, fit);
  EXPECT_EQ(shown.pixels[0], 9);
  EXPECT_EQ(shown.pixels[1], 8);
  EXPECT_EQ(shown.pixels[2], 7);
  EXPECT_EQ(shown.pixels[3 * 64 * 16 + 2], 255);
}

TEST(Canvas, BoxesFollowTheirPixels) {
  Random random(5);
  const Corners box = {30, 20, 78, 64};
  const data::Image image = WithBox(120, 90, box);
  JitterOptions jitter;
  int flips = 0, crops = 0, margins = 0;
  for (int i = 0; i < 60; ++i) {
    const Canvas canvas = Square(96, i % 2 == 1);
    const Placing placing = DrawPlacing(120, 90, canvas, jitter, random);
    flips += placing.flip ? 1 : 0;
    crops += placing.source.right - placing.source.left < 120 ? 1 : 0;
    margins += placing.width < 96 ? 1 : 0;
    const Corners red = RedIn(Render(image, placing, canvas));
    const auto placed = ToCanvas(box, placing, canvas);
    if (!placed) {
      EXPECT_EQ(red[2], -1);
      continue;
    }
    for (std::size_t c = 0; c < 4; ++c)
      EXPECT_NEAR(placed->corners[c], red[c], 1.1) << i;
    const Corners back = ToPicture(placed->corners, placing, canvas, 120, 90);
    const double area = (back[2] - back[0]) * (back[3] - back[1]);
    EXPECT_NEAR(area / (48 * 44), placed->visible, 1e-9);
    if (placed->visible < 1) continue;
    for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(back[c], box[c], 1e-9);
  }
  // Each of them was tried.
  EXPECT_GT(flips, 10);
  EXPECT_GT(crops, 10);
  EXPECT_GT(margins, 10);
}

TEST(Canvas, WhatIsCutOffIsNotThere) {
  Placing placing;
  placing.source = {50, 0, 100, 50};
  placing.width = placing.height = 100;
  const Canvas canvas = Square(100);
  EXPECT_FALSE(ToCanvas({0, 0, 50, 50}, placing, canvas));
  const auto half = ToCanvas({40, 10, 60, 20}, placing, canvas);
  ASSERT_TRUE(half);
  EXPECT_EQ(half->visible, 0.5);
  EXPECT_EQ(half->corners, (Corners{0, 20, 20, 40}));
  // A box that reaches past the picture is cut at its edge.
  EXPECT_EQ(ToPicture({-300, 0, 50, 500}, placing, canvas, 80, 60),
            (Corners{0, 0, 75, 60}));
}

TEST(Canvas, PixelsAreNormalised) {
  data::PreprocessOptions preprocess;
  preprocess.mean = {0.5, 0.25, 0};
  preprocess.stddev = {0.5, 1, 2};
  preprocess.size_height = preprocess.size_width = 32;
  preprocess.crop_height = preprocess.crop_width = 32;
  const Canvas canvas = CanvasOf(preprocess, true);
  EXPECT_EQ(canvas.width, 32);
  EXPECT_EQ(canvas.margin[0], 128);
  EXPECT_EQ(canvas.margin[1], 64);
  EXPECT_EQ(canvas.margin[2], 0);
  const data::Image image = WithBox(64, 16, {});
  const data::Pixels pixels =
      RenderPixels(image, PlaceWhole(64, 16, canvas), canvas, preprocess);
  ASSERT_EQ(pixels.values.size(), 3u * 32 * 32);
  EXPECT_EQ(pixels.height, 32);
  const auto at = [&](int c, int y, int x) {
    return pixels.values[static_cast<std::size_t>((c * 32 + y) * 32 + x)];
  };
  EXPECT_NEAR(at(0, 0, 0), (128 / 255.0 - 0.5) / 0.5, 1e-6);  // margin
  EXPECT_NEAR(at(2, 16, 3), (255 / 255.0 - 0) / 2, 1e-6);     // picture
  EXPECT_NEAR(at(1, 16, 3), -0.25, 1e-6);
  data::PreprocessOptions varying = preprocess;
  varying.center_crop = false;
  EXPECT_NE(eyechart::testing::InputErrorOf([&] {
              CanvasOf(varying, false);
            }).find("--resolution"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
