#include "data/scenes/mask_outline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

double Shoelace(const std::vector<double>& p) {
  double twice = 0;
  for (std::size_t i = 0; i < p.size(); i += 2) {
    const std::size_t j = (i + 2) % p.size();
    twice += p[i] * p[j + 1] - p[j] * p[i + 1];
  }
  return std::abs(twice) / 2;
}

bool Holds(const std::vector<double>& p, double x, double y) {
  bool inside = false;
  for (std::size_t i = 0; i < p.size(); i += 2) {
    const std::size_t j = (i + 2) % p.size();
    if ((p[i + 1] > y) != (p[j + 1] > y) &&
        x < (p[j] - p[i]) * (y - p[i + 1]) / (p[j + 1] - p[i + 1]) + p[i])
      inside = !inside;
  }
  return inside;
}

TEST(MaskOutline, OfASquareAndAnL) {
  const std::vector<std::uint8_t> square = {0, 0, 0, 0,  //
                                            0, 3, 3, 0,  //
                                            0, 3, 3, 0,  //
                                            0, 0, 0, 0};
  const MaskOutline outline = OutlineOf(square, 4, 3);
  EXPECT_EQ(outline.area, 4);
  EXPECT_EQ(outline.box.left, 1);
  EXPECT_EQ(outline.box.bottom, 3);
  ASSERT_EQ(outline.polygons.size(), 1u);
  EXPECT_EQ(outline.polygons[0], (std::vector<double>{1, 1, 3, 1, 3, 3, 1, 3}));
  const std::vector<std::uint8_t> l = {1, 0, 0,  //
                                       1, 0, 0,  //
                                       1, 1, 1};
  const MaskOutline bent = OutlineOf(l, 3, 1);
  EXPECT_EQ(bent.polygons[0],
            (std::vector<double>{0, 0, 1, 0, 1, 2, 3, 2, 3, 3, 0, 3}));
  EXPECT_EQ(OutlineOf(l, 3, 2).area, 0);
  EXPECT_TRUE(OutlineOf(l, 3, 2).polygons.empty());
}

TEST(MaskOutline, CornersAloneDoNotJoinParts) {
  const std::vector<std::uint8_t> diagonal = {1, 0, 0, 1};
  const MaskOutline outline = OutlineOf(diagonal, 2, 1, 1);
  EXPECT_EQ(outline.polygons.size(), 2u);
  EXPECT_EQ(outline.area, 2);
  EXPECT_TRUE(OutlineOf(diagonal, 2, 1, 2).polygons.empty());
}

// Without holes the polygons cover exactly the pixels, whatever their shape.
TEST(MaskOutline, PolygonsCoverRandomMasks) {
  constexpr int kSide = 16;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint8_t> mask(kSide * kSide, 0);
    for (std::uint8_t& pixel : mask) pixel = testing::Rng()() % 3 ? 1 : 0;
    const MaskOutline outline = OutlineOf(mask, kSide, 1, 1);
    std::int64_t covered = 0;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        int inside = 0;
        for (const std::vector<double>& polygon : outline.polygons)
          inside += Holds(polygon, x + 0.5, y + 0.5);
        covered += inside > 0;
        EXPECT_GE(inside, mask[static_cast<std::size_t>(y) * kSide + x]);
      }
    }
    double area = 0;
    for (const std::vector<double>& polygon : outline.polygons)
      area += Shoelace(polygon);
    // Parts may stand in other parts' holes, and are then counted twice.
    EXPECT_GE(area + 1e-9, static_cast<double>(covered));
    EXPECT_GE(covered, outline.area);
  }
}

}  // namespace
}  // namespace eyechart::scenes
