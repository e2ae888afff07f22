#include "data/scenes/canvas.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

// Covered area in pixels, from how far white turned black.
double BlackArea(const Canvas& canvas) {
  double area = 0;
  for (std::size_t i = 0; i < canvas.image().pixels.size(); i += 3)
    area += (255 - canvas.image().pixels[i]) / 255.0;
  return area;
}

TEST(Geometry, SinesEqualTheLibrary) {
  for (double degrees = -800; degrees <= 800; degrees += 0.37) {
    EXPECT_NEAR(SinDegrees(degrees), std::sin(degrees * M_PI / 180), 5e-15);
    EXPECT_NEAR(CosDegrees(degrees), std::cos(degrees * M_PI / 180), 5e-15);
  }
  EXPECT_EQ(SinDegrees(180), 0);
  EXPECT_EQ(CosDegrees(-90), 0);
  EXPECT_EQ(SinDegrees(90), 1);
}

TEST(Geometry, HullHoldsItsPoints) {
  const Outline hull =
      Hull({{0, 0}, {4, 0}, {4, 4}, {0, 4}, {2, 2}, {1, 3}, {2, 0}});
  EXPECT_EQ(hull.size(), 4u);
}

TEST(Canvas, CoversTheAreaOfShapes) {
  // OpenCV fills a sample that the border touches: at most about half a sample
  // wider all round.
  Canvas square(64);
  square.Fill(Rectangle(10.3, 12.6, 40.9, 33.1), Flat({0, 0, 0}));
  EXPECT_NEAR(BlackArea(square), 30.6 * 20.5, (30.6 + 20.5) * 2 / 8 + 1);
  Canvas disc(64);
  disc.Fill(Ellipse({31.7, 30.2}, 20, 12), Flat({0, 0, 0}));
  EXPECT_NEAR(BlackArea(disc), M_PI * 20 * 12, 105 / 8.0 + 3);
}

TEST(Canvas, MovesByFractionsOfAPixel) {
  Canvas a(64);
  a.Fill(Rectangle(10, 10, 20, 20), Flat({0, 0, 0}));
  Canvas b(64);
  b.Fill(Rectangle(10.25, 10, 20.25, 20), Flat({0, 0, 0}));
  EXPECT_NE(a.image().pixels, b.image().pixels);
  // Each of the border's pixels is rounded to a level.
  EXPECT_NEAR(BlackArea(a), BlackArea(b), 20 / 255.0);
}

TEST(Canvas, BlendsAndTellsWhatItTouched) {
  Canvas canvas(64);
  canvas.Fill(Rectangle(10, 10, 20, 20), Flat({0, 0, 0}, 0.5));
  const std::uint8_t middle = canvas.image().pixels[(15 * 64 + 15) * 3];
  EXPECT_NEAR(middle, 127.5, 1);
  const data::Box touched = canvas.TakeTouched();
  EXPECT_LE(touched.left, 10);
  EXPECT_GE(touched.right, 20);
  EXPECT_GE(touched.left, 9);
  EXPECT_LE(touched.right, 21);
  EXPECT_EQ(canvas.TakeTouched().right, 0);
}

TEST(Canvas, OwnersAreTheLastToCoverHalf) {
  Canvas canvas(64);
  canvas.SetOwner(1);
  canvas.Fill(Rectangle(10, 10, 30, 30), Flat({0, 0, 0}));
  canvas.SetOwner(2);
  canvas.Fill(Rectangle(20, 10, 40, 30), Flat({90, 0, 0}));
  canvas.SetOwner(0);
  canvas.Fill(Rectangle(10, 20, 40, 30), Flat({0, 90, 0}, 0.3));
  EXPECT_EQ(canvas.owners()[15 * 64 + 12], 1);
  EXPECT_EQ(canvas.owners()[15 * 64 + 25], 2);
  // A shadow owns nothing.
  EXPECT_EQ(canvas.owners()[25 * 64 + 12], 1);
  EXPECT_EQ(canvas.owners()[50 * 64 + 12], 0);
}

TEST(Canvas, ShapesMayHangOverTheEdge) {
  Canvas canvas(64);
  canvas.Fill(Rectangle(-50, -50, 500, 10), Flat({0, 0, 0}));
  EXPECT_NEAR(BlackArea(canvas), 640, 17);
  canvas.Fill(Ellipse({-100, -100}, 5, 5), Flat({0, 0, 0}));
}

TEST(Canvas, RefusesSizes) {
  EXPECT_NE(testing::InputErrorOf([] { Canvas canvas(8); }), "");
  EXPECT_NE(testing::InputErrorOf([] { Canvas canvas(5000); }), "");
}

}  // namespace
}  // namespace eyechart::scenes
