#include "data/affine.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr Warp kWarps[] = {{Filter::kBilinear, {1, 2, 3}},
                           {Filter::kBicubic, {1, 2, 3}}};

Image Noise(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  std::uniform_int_distribution<int> byte(0, 255);
  for (std::uint8_t& v : image.pixels)
    v = static_cast<std::uint8_t>(byte(testing::Rng()));
  return image;
}

Bytes PixelAt(const Image& image, int x, int y) {
  const auto at = image.pixels.begin() + (y * image.width + x) * 3;
  return {at, at + 3};
}

TEST(Affine, NothingDoneIsACopy) {
  const Image image = Noise(9, 7);
  for (const Warp& warp : kWarps) {
    EXPECT_EQ(Affine(image, {1, 0, 0, 0, 1, 0}, warp).pixels, image.pixels);
    EXPECT_EQ(Rotate(image, 0, warp).pixels, image.pixels);
    EXPECT_EQ(ShearX(image, 0, warp).pixels, image.pixels);
    EXPECT_EQ(TranslateY(image, 0, warp).pixels, image.pixels);
  }
}

TEST(Affine, WholeShiftsAreExactAndFilled) {
  const Image image = Noise(8, 6);
  for (const Warp& warp : kWarps) {
    const Image left = TranslateX(image, 0.25, warp);
    const Image down = TranslateY(image, -0.5, warp);
    // Each row by one pixel and two more for each row above.
    const Image sheared = ShearX(image, 2, warp);
    const Image columns = ShearY(image, -2, warp);
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 8; ++x) {
        const auto expected = [&](int from_x, int from_y) {
          const bool inside =
              from_x >= 0 && from_x < 8 && from_y >= 0 && from_y < 6;
          return inside ? PixelAt(image, from_x, from_y) : Bytes{1, 2, 3};
        };
        EXPECT_EQ(PixelAt(left, x, y), expected(x + 2, y));
        EXPECT_EQ(PixelAt(down, x, y), expected(x, y - 3));
        EXPECT_EQ(PixelAt(sheared, x, y), expected(x + 2 * y + 1, y));
        EXPECT_EQ(PixelAt(columns, x, y), expected(x, y - 2 * x - 1));
      }
  }
}

TEST(Affine, BetweenSamples) {
  const Image image{4, 1, {0, 0, 0, 0, 0, 0, 100, 100, 100, 100, 100, 100}};
  const AffineMatrix half = {1, 0, 0.5, 0, 1, 0};
  EXPECT_EQ(PixelAt(Affine(image, half, kWarps[0]), 1, 0), Bytes(3, 50));
  EXPECT_EQ(PixelAt(Affine(image, half, kWarps[1]), 1, 0), Bytes(3, 50));
  // The cubic overshoots beside an edge, upwards here; downwards is clipped.
  EXPECT_EQ(PixelAt(Affine(image, half, kWarps[1]), 2, 0), Bytes(3, 112));
  EXPECT_EQ(PixelAt(Affine(image, half, kWarps[1]), 0, 0), Bytes(3, 0));
  EXPECT_EQ(PixelAt(Affine(image, half, kWarps[0]), 2, 0), Bytes(3, 100));
  // Three and a half pixels from the corner plus a half is outside.
  EXPECT_EQ(PixelAt(Affine(image, half, kWarps[0]), 3, 0), (Bytes{1, 2, 3}));
}

TEST(Affine, FlatStaysFlatUnderItsOwnFill) {
  Image image{11, 6, Bytes(11 * 6 * 3, 77)};
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic})
    for (const double degrees : {-30.0, 3.3, 89.0})
      EXPECT_EQ(Rotate(image, degrees, {filter, {77, 77, 77}}).pixels,
                image.pixels);
}

TEST(Affine, RotatesCounterClockwiseAboutTheMiddle) {
  Image image{9, 9, Bytes(9 * 9 * 3, 0)};
  const auto set = [&image](int x, int y) {
    std::fill_n(image.pixels.begin() + (y * 9 + x) * 3, 3, std::uint8_t{255});
  };
  set(4, 4);
  set(8, 4);
  const Image out = Rotate(image, 45, {Filter::kBilinear, {0, 0, 0}});
  EXPECT_EQ(PixelAt(out, 4, 4), Bytes(3, 255));
  EXPECT_GT(PixelAt(out, 7, 1)[0], 100);  // what lay to the right, to the top
  EXPECT_EQ(PixelAt(out, 7, 7)[0], 0);
}

TEST(Affine, FillIsWhatLiesOutside) {
  const Image image = Noise(20, 20);
  const Image out = Rotate(image, 30, kWarps[1]);
  EXPECT_EQ(PixelAt(out, 0, 0), (Bytes{1, 2, 3}));
  EXPECT_EQ(PixelAt(out, 19, 19), (Bytes{1, 2, 3}));
  EXPECT_NE(PixelAt(out, 10, 10), (Bytes{1, 2, 3}));
  // Numbers that no pixel has do no harm.
  EXPECT_EQ(Affine(image, {1e300, 0, 0, NAN, 0, 0}, kWarps[0]).pixels[2], 3);
}

TEST(Affine, WhatItDoesNotDoIsOurMistake) {
  const Image image = Noise(2, 2);
  EXPECT_THROW(Rotate(image, 1, {Filter::kLanczos, {}}), std::logic_error);
  EXPECT_THROW(Rotate(image, 90, {}), std::logic_error);
}

}  // namespace
}  // namespace eyechart::data
