#include "mining/recompressed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "data/decode.h"
#include "data/resize.h"
#include "data/scenes/encode.h"
#include "data/scenes/pattern.h"
#include "tests/fixture.h"

namespace eyechart::mining {
namespace {

using data::Image;

SmallPicture Small(const Image& image) {
  return ReduceToSmall(scenes::EncodePng(image));
}

Image Scaled(const Image& image, double scale, data::Filter filter) {
  const auto side = [scale](int length) {
    return static_cast<int>(std::lround(length * scale));
  };
  return data::Resize(image, side(image.width), side(image.height), filter);
}

Image Flat(int width, int height, int red, int green, int blue) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i)
    for (const int value : {red, green, blue})
      image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

// The two sides that kSameDifference lies between.
TEST(Recompressed, CopiesOfAPictureAreTheSame) {
  for (const scenes::PatternInfo& pattern : scenes::Patterns()) {
    const Image image = scenes::RenderPair(pattern, 0, 7, 0).a;
    const SmallPicture small = Small(image);
    for (const double scale : {0.5, 0.75, 1.0, 1.5, 2.0}) {
      for (const data::Filter filter :
           {data::Filter::kBilinear, data::Filter::kBox,
            data::Filter::kLanczos}) {
        for (const int quality : {50, 75, 95}) {
          const SmallPicture copy = ReduceToSmall(
              scenes::EncodeJpeg(Scaled(image, scale, filter), quality));
          EXPECT_TRUE(IsSamePicture(small, copy))
              << pattern.name << " x " << scale << ", "
              << data::FilterName(filter) << ", quality " << quality << ": "
              << SmallDifference(small, copy);
        }
      }
    }
  }
}

TEST(Recompressed, PicturesThatDifferInADetailAreNot) {
  double least = 255;
  for (const scenes::PatternInfo& pattern : scenes::Patterns()) {
    for (int step = 0; step < 2; ++step) {
      for (int index = 0; index < 6; ++index) {
        const scenes::PatternPair pair =
            scenes::RenderPair(pattern, step, 7, index);
        const double difference = SmallDifference(Small(pair.a), Small(pair.b));
        least = std::min(least, difference);
        EXPECT_GT(difference, kSameDifference)
            << pattern.name << ", step " << step << ", " << index;
      }
    }
  }
  // Not by a hair either.
  EXPECT_GT(least, 1.2 * kSameDifference);
}

// What a JPEG of a large picture is not decoded in full for.
TEST(Recompressed, LargeJpegsAreTheSameToo) {
  const Image image =
      scenes::RenderPair(scenes::FindPattern("state"), 0, 7, 1).a;
  const Image large = Scaled(image, 6, data::Filter::kBicubic);
  const SmallPicture copy = ReduceToSmall(scenes::EncodeJpeg(large, 75));
  EXPECT_EQ(copy.width, 6 * image.width);
  EXPECT_TRUE(IsSamePicture(Small(image), copy));
}

TEST(Recompressed, SidesHaveToBeInProportion) {
  const Image image =
      scenes::RenderPair(scenes::FindPattern("color"), 0, 7, 0).a;
  const SmallPicture small = Small(image);
  const auto squeezed = [&](int width, int height) {
    return Small(data::Resize(image, width, height, data::Filter::kBicubic));
  };
  EXPECT_TRUE(IsSamePicture(small, squeezed(226, 224)));
  EXPECT_FALSE(IsSamePicture(small, squeezed(240, 224)));
  EXPECT_FALSE(IsSamePicture(squeezed(224, 240), small));
  EXPECT_FALSE(IsSamePicture(small, squeezed(112, 120)));
  // Half of 35 x 23 is 17.5 x 11.5, in whole pixels 18 x 11 at the worst.
  const SmallPicture odd = Small(Flat(35, 23, 9, 9, 9));
  EXPECT_TRUE(IsSamePicture(odd, Small(Flat(18, 11, 9, 9, 9))));
  EXPECT_FALSE(IsSamePicture(odd, Small(Flat(18, 14, 9, 9, 9))));
}

TEST(Recompressed, AChangeOfColourAloneIsSeen) {
  // Equal luma: 0.299 * 100 = 0.587 * 50.9.
  const Image red = Flat(64, 64, 140, 60, 80);
  const Image green = Flat(64, 64, 40, 111, 80);
  const SmallPicture a = Small(red);
  const SmallPicture b = Small(green);
  EXPECT_NEAR(a.planes[0], b.planes[0], 0.5);
  EXPECT_GT(SmallDifference(a, b), 50);
  EXPECT_FALSE(IsSamePicture(a, b));
}

TEST(Recompressed, TheDifferenceIsInLevels) {
  const SmallPicture a = Small(Flat(50, 40, 100, 100, 100));
  const SmallPicture b = Small(Flat(50, 40, 109, 109, 109));
  EXPECT_NEAR(SmallDifference(a, b), 9, 1e-4);
  EXPECT_NEAR(SmallDifference(b, a), 9, 1e-4);
  EXPECT_EQ(SmallDifference(a, a), 0);
}

TEST(Recompressed, WhatIsNoPictureThrows) {
  EXPECT_THROW(ReduceToSmall("no picture"), data::DecodeError);
  EXPECT_THROW(ReduceToSmall(""), data::DecodeError);
}

}  // namespace
}  // namespace eyechart::mining
