#include "data/picture_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

Image Noise(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  std::uniform_int_distribution<int> byte(0, 255);
  for (std::uint8_t& v : image.pixels)
    v = static_cast<std::uint8_t>(byte(testing::Rng()));
  return image;
}

// One row, each pixel grey.
Image Grays(const Bytes& values) {
  Image image{static_cast<int>(values.size()), 1, {}};
  for (const std::uint8_t v : values)
    image.pixels.insert(image.pixels.end(), 3, v);
  return image;
}

// The red samples.
Bytes Reds(const Image& image) {
  Bytes reds;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3)
    reds.push_back(image.pixels[i]);
  return reds;
}

TEST(PictureOps, CropIsAPart) {
  Image image{3, 2, {}};
  for (std::uint8_t v = 0; v < 18; ++v) image.pixels.push_back(v);
  const Image part = Crop(image, 1, 1, 2, 1);
  EXPECT_EQ(part.width, 2);
  EXPECT_EQ(part.height, 1);
  EXPECT_EQ(part.pixels, (Bytes{12, 13, 14, 15, 16, 17}));
  EXPECT_EQ(Crop(image, 0, 0, 3, 2).pixels, image.pixels);
  EXPECT_THROW(Crop(image, 2, 0, 2, 1), std::logic_error);
  EXPECT_THROW(Crop(image, 0, -1, 1, 1), std::logic_error);
  EXPECT_THROW(Crop(image, 0, 0, 0, 1), std::logic_error);
}

TEST(PictureOps, FlipExchangesColumnsNotChannels) {
  const Image image{2, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  EXPECT_EQ(FlipHorizontally(image).pixels,
            (Bytes{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9}));
  const Image noise = Noise(7, 5);
  EXPECT_EQ(FlipHorizontally(FlipHorizontally(noise)).pixels, noise.pixels);
}

TEST(PictureOps, AutoContrastStretchesEachChannel) {
  const Image image{3, 1, {10, 7, 0, 20, 7, 1, 30, 7, 255}};
  EXPECT_EQ(AutoContrast(image).pixels,
            (Bytes{0, 7, 0, 127, 7, 1, 255, 7, 255}));
}

TEST(PictureOps, EqualizeFlattensTheHistogram) {
  Bytes each;
  for (int v = 0; v < 256; ++v) each.push_back(static_cast<std::uint8_t>(v));
  EXPECT_EQ(Reds(Equalize(Grays(each))), each);
  // 510 of one value and one of another: steps of two.
  Bytes two(510, 9);
  two.push_back(200);
  const Bytes out = Reds(Equalize(Grays(two)));
  EXPECT_EQ(out.front(), 0);
  EXPECT_EQ(out.back(), 255);
  // 400 darker than the lightest: 400.5 would be its place.
  Bytes over(400, 9);
  over.push_back(200);
  EXPECT_EQ(Reds(Equalize(Grays(over))).back(), 255);
  // Too few for steps: as it was.
  EXPECT_EQ(Reds(Equalize(Grays({9, 200}))), (Bytes{9, 200}));
}

TEST(PictureOps, TablesOfValues) {
  const Image image = Grays({0, 1, 127, 128, 200, 255});
  EXPECT_EQ(Reds(Invert(image)), (Bytes{255, 254, 128, 127, 55, 0}));
  EXPECT_EQ(Reds(Posterize(image, 1)), (Bytes{0, 0, 0, 128, 128, 128}));
  EXPECT_EQ(Reds(Posterize(image, 4)), (Bytes{0, 0, 112, 128, 192, 240}));
  EXPECT_EQ(Posterize(image, 8).pixels, image.pixels);
  EXPECT_EQ(Reds(Posterize(image, 0)), Bytes(6, 0));
  EXPECT_EQ(Reds(Solarize(image, 128)), (Bytes{0, 1, 127, 127, 55, 0}));
  EXPECT_EQ(Solarize(image, 256).pixels, image.pixels);
  EXPECT_EQ(Solarize(image, 0).pixels, Invert(image).pixels);
  EXPECT_EQ(Reds(SolarizeAdd(image, 110)),
            (Bytes{110, 111, 237, 128, 200, 255}));
  EXPECT_EQ(Reds(SolarizeAdd(image, 255)),
            (Bytes{255, 255, 255, 128, 200, 255}));
  EXPECT_THROW(Posterize(image, 9), std::logic_error);
  EXPECT_THROW(Solarize(image, 257), std::logic_error);
  EXPECT_THROW(SolarizeAdd(image, -1), std::logic_error);
}

TEST(PictureOps, FactorOneIsACopy) {
  const Image image = Noise(9, 6);
  for (const auto adjust :
       {AdjustBrightness, AdjustContrast, AdjustSaturation, AdjustSharpness}) {
    EXPECT_EQ(adjust(image, 1).pixels, image.pixels);
    EXPECT_NE(adjust(image, 0).pixels, image.pixels);
    EXPECT_THROW(adjust(image, NAN), std::logic_error);
  }
}

// Halves are cut off, what overshoots is clipped.
TEST(PictureOps, BlendsAreCutOff) {
  const Image image = Grays({0, 101, 200});
  EXPECT_EQ(Reds(AdjustBrightness(image, 0.5)), (Bytes{0, 50, 100}));
  EXPECT_EQ(Reds(AdjustBrightness(image, 2)), (Bytes{0, 202, 255}));
  // The mean is 100.33: grey 100.
  EXPECT_EQ(Reds(AdjustContrast(image, 0)), (Bytes{100, 100, 100}));
  EXPECT_EQ(Reds(AdjustContrast(image, 2)), (Bytes{0, 102, 255}));
}

TEST(PictureOps, SaturationKeepsGraysAndWeighsColors) {
  const Image grays = Grays({0, 77, 255});
  EXPECT_EQ(AdjustSaturation(grays, 0.3).pixels, grays.pixels);
  // 0.299 red, 0.587 green, 0.114 blue.
  const Image colors{3, 1, {255, 0, 0, 0, 255, 0, 0, 0, 255}};
  EXPECT_EQ(AdjustSaturation(colors, 0).pixels,
            (Bytes{76, 76, 76, 150, 150, 150, 29, 29, 29}));
}

TEST(PictureOps, SmoothSpreadsAPointAndKeepsTheBorder) {
  Image image{5, 5, Bytes(75, 0)};
  image.pixels[(2 * 5 + 2) * 3] = 255;
  image.pixels[0] = 200;
  const Bytes out = Reds(AdjustSharpness(image, 0));
  EXPECT_EQ(out[2 * 5 + 2], 98);  // 255 x 5 / 13
  EXPECT_EQ(out[1 * 5 + 2], 20);  // 255 / 13
  EXPECT_EQ(out[1 * 5 + 1], 35);  // (255 + 200) / 13
  EXPECT_EQ(out[0], 200);
  EXPECT_EQ(out[1], 0);
  for (const auto& [width, height] : {std::pair{2, 9}, {9, 2}, {1, 1}}) {
    const Image thin = Noise(width, height);
    EXPECT_EQ(AdjustSharpness(thin, 0).pixels, thin.pixels);
  }
}

TEST(PictureOps, HueTurnsRedToGreenToBlue) {
  const Image red{1, 1, {255, 0, 0}};
  EXPECT_EQ(ShiftHue(red, 1.0 / 3).pixels, (Bytes{0, 255, 0}));
  // The circle is 255 steps long and wraps at 256, so that the way back is off.
  EXPECT_EQ(ShiftHue(red, -1.0 / 3).pixels, (Bytes{6, 0, 255}));
  const Image grays = Grays({0, 77, 255});
  EXPECT_EQ(ShiftHue(grays, 0.5).pixels, grays.pixels);
  EXPECT_THROW(ShiftHue(red, 0.6), std::logic_error);
}

}  // namespace
}  // namespace eyechart::data
