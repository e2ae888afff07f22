// Which pixels DrawBoxes changes: '.' the ground, '#' the dark rim, a digit the
// colour of that number, '?' any other.
#include "probes/detection/transfer/draw_boxes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace eyechart::detection {
namespace {

using Pixel = std::array<std::uint8_t, 3>;
using Rows = std::vector<std::string>;

constexpr Pixel kGround = {100, 101, 102};
constexpr Pixel kDark = {20, 20, 20};
constexpr std::array<Pixel, 2> kOrangeAndBlue = {
    {{230, 159, 0}, {86, 180, 233}}};

data::Image Ground(int width, int height) {
  data::Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i)
    image.pixels.insert(image.pixels.end(), kGround.begin(), kGround.end());
  return image;
}

Rows Drawn(int width, int height, const std::vector<DrawnBox>& boxes) {
  data::Image image = Ground(width, height);
  DrawBoxes(image, boxes);
  Rows rows;
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    rows.emplace_back();
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x) {
      const auto at = static_cast<std::ptrdiff_t>(
          3 * (y * static_cast<std::size_t>(width) + x));
      Pixel pixel{};
      std::copy_n(image.pixels.begin() + at, 3, pixel.begin());
      rows.back() += pixel == kGround             ? '.'
                     : pixel == kDark             ? '#'
                     : pixel == kOrangeAndBlue[0] ? '0'
                     : pixel == kOrangeAndBlue[1] ? '1'
                                                  : '?';
    }
  }
  return rows;
}

// Corners are edges: the frame is on the pixels 5 ... 16 and 4 ... 12.
TEST(DrawBoxes, AFrameIsOnTheBoxsOwnOutermostPixels) {
  const Rows expected = {"........................",  //
                         "........................",  //
                         ".....############.......",  //
                         "....##############......",  //
                         "...##000000000000##.....",  //
                         "...##0##########0##.....",  //
                         "...##0##########0##.....",  //
                         "...##0##......##0##.....",  //
                         "...##0##......##0##.....",  //
                         "...##0##......##0##.....",  //
                         "...##0##########0##.....",  //
                         "...##0##########0##.....",  //
                         "...##000000000000##.....",  //
                         "....##############......",  //
                         ".....############.......",  //
                         "........................"};
  EXPECT_EQ(Drawn(24, 16, {{{5, 4, 17, 13}, "", 0, false}}), expected);
  // Places between pixels go to the nearest; colours come round again.
  EXPECT_EQ(Drawn(24, 16, {{{5.4, 3.6, 16.6, 13.4}, "", 7, false}}), expected);
}

TEST(DrawBoxes, TheFirstIsOnTop) {
  const std::vector<DrawnBox> boxes = {{{5, 4, 17, 13}, "", 0, false},
                                       {{8, 6, 20, 16}, "", 1, false}};
  const Rows rows = Drawn(24, 20, boxes);
  EXPECT_EQ(rows[4], "...##000000000000###....");
  EXPECT_EQ(rows[8], "...##0##1#######0##1##..");
  EXPECT_EQ(rows[12], "...##000000000000##1##..");
  EXPECT_EQ(rows[15], "......##111111111111##..");
  EXPECT_EQ(Drawn(24, 20, {boxes[1], boxes[0]})[8], "...##0##1##########1##..");
}

// What is outside is left out, not moved to the edge: of this frame the right
// side and the rim of the upper one are in the picture.
TEST(DrawBoxes, WhatIsOutsideOfThePictureIsLeftOut) {
  const Rows rows = Drawn(24, 20, {{{-3, -2, 10, 40}, "", 0, false}});
  EXPECT_EQ(rows[0], "#########0##............");
  for (std::size_t y = 1; y < rows.size(); ++y)
    EXPECT_EQ(rows[y], ".......##0##............") << y;
  EXPECT_EQ(Drawn(24, 20, {{{30, 30, 40, 40}, "", 0, false}}),
            Rows(20, std::string(24, '.')));
}

TEST(DrawBoxes, ABoxWithoutExtentIsAPixel) {
  const Rows rows = Drawn(13, 11, {{{6.4, 4.6, 6.4, 4.6}, "", 0, false}});
  EXPECT_EQ(rows[3], "......#......");
  EXPECT_EQ(rows[5], "....##0##....");
  EXPECT_EQ(std::accumulate(rows.begin(), rows.end(), std::string())
                .find_first_not_of(".#0"),
            std::string::npos);
}

// Two pixels from 640 a side on, one for a truth.
TEST(DrawBoxes, LargePicturesHaveWiderLines) {
  const Rows rows =
      Drawn(660, 20,
            {{{8, 5, 25, 15}, "", 0, false}, {{38, 5, 55, 15}, "", 1, true}});
  EXPECT_EQ(rows[9].substr(0, 64),
            "......#000#...........#000#.........##1##...........##1##.......");
  EXPECT_EQ(rows[9].substr(64), std::string(596, '.'));
}

// Of `rows` the ground alone outside of [left, right) and [top, bottom).
void ExpectGroundAround(
    const Rows& rows, int left, int top, int right, int bottom) {
  for (int y = 0; y < static_cast<int>(rows.size()); ++y)
    for (int x = 0; x < static_cast<int>(rows[0].size()); ++x)
      if (x < left || x >= right || y < top || y >= bottom) {
        EXPECT_EQ(
            rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)], '.')
            << x << " " << y;
      }
}

TEST(DrawBoxes, ALabelStandsAboveItsBoxAndInThePicture) {
  // Two signs, for the font has ASCII alone; on the frame's own colour.
  Rows rows = Drawn(64, 48, {{{20, 30, 50, 44}, "a \xc3\xa9", 0, false}});
  ExpectGroundAround(rows, 18, 16, 52, 46);
  EXPECT_EQ(rows[16],
            std::string(20, '.') + std::string(25, '0') + std::string(19, '.'));
  EXPECT_NE(rows[22].find('?'), std::string::npos);  // writing
  EXPECT_EQ(rows, Drawn(64, 48, {{{20, 30, 50, 44}, "a ?", 0, false}}));

  // Where there is no room it is moved into the picture.
  rows = Drawn(64, 48, {{{50, 0, 64, 10}, "red", 0, false}});
  ExpectGroundAround(rows, 42, 0, 64, 15);
  EXPECT_EQ(rows[0], std::string(42, '.') + std::string(22, '0'));
  // Nor is anything written behind one that is too small.
  rows = Drawn(20, 12, {{{1, 1, 8, 8}, "a very long label", 0, false}});
  EXPECT_EQ(rows[0], std::string(20, '0'));
}

}  // namespace
}  // namespace eyechart::detection
