#include "data/scenes/optotype.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

RenderOptions Plain() {
  RenderOptions options;
  options.nuisance = false;
  return options;
}

// Share of the way from the ground to the ink, at a pixel.
double Ink(const Optotype& o, int x, int y) {
  const double level =
      o.image.pixels[(static_cast<std::size_t>(y) * o.image.width + x) * 3];
  return (o.background - level) / (o.background - o.foreground);
}

struct Moments {
  double area = 0;
  double x = 0;  // of the ink's middle, from the letter's
  double y = 0;
};

Moments Measure(const Optotype& o) {
  Moments m;
  for (int y = 0; y < o.image.height; ++y) {
    for (int x = 0; x < o.image.width; ++x) {
      const double ink = Ink(o, x, y);
      m.area += ink;
      m.x += ink * (x + 0.5 - o.center_x);
      m.y += ink * (y + 0.5 - o.center_y);
    }
  }
  m.x /= m.area;
  m.y /= m.area;
  return m;
}

// The E's spine is 5 and its three bars 4 squares of the stroke's width.
TEST(Optotype, InkOfTheEIsSeventeenSquares) {
  for (const double size : {16.0, 6.37, 2.54, 1.01, 0.637}) {
    const Optotype o =
        RenderOptotype(OptotypeKind::kTumblingE, size, 0, 1, 0, Plain());
    // 8-bit levels round each of the letter's pixels.
    EXPECT_NEAR(Measure(o).area, 17 * size * size,
                0.0025 * std::pow(5 * size + 2, 2) + 0.01)
        << size;
  }
}

// Ring less gap; the gap's ends are arcs: the integral of
// sqrt(2.5^2 - y^2) - sqrt(1.5^2 - y^2) over |y| < 1/2, by Simpson's rule.
TEST(Optotype, InkOfTheCIsARingLessItsGap) {
  double gap = 0;
  constexpr int kSteps = 1000;
  for (int i = 0; i <= kSteps; ++i) {
    const double y = -0.5 + static_cast<double>(i) / kSteps;
    const double f = std::sqrt(6.25 - y * y) - std::sqrt(2.25 - y * y);
    gap += f * (i == 0 || i == kSteps ? 1 : i % 2 ? 4 : 2) / (3.0 * kSteps);
  }
  const double expected = M_PI * (6.25 - 2.25) - gap;
  for (const double size : {16.0, 6.37, 2.54, 1.01}) {
    for (int orientation = 0; orientation < 8; ++orientation) {
      const Optotype o = RenderOptotype(OptotypeKind::kLandoltC, size,
                                        orientation, 1, 0, Plain());
      EXPECT_NEAR(Measure(o).area, expected * size * size,
                  0.0035 * std::pow(5 * size + 2, 2) + 0.02)
          << size << " " << orientation;
    }
  }
}

// Along the column at two strokes from the middle, where the ring is cut.
TEST(Optotype, GapIsAsWideAsAsked) {
  for (const double size : {16.0, 10.1, 6.37, 4.02, 2.54}) {
    const Optotype o =
        RenderOptotype(OptotypeKind::kLandoltC, size, 0, 1, 0, Plain());
    const int x = static_cast<int>(o.center_x + 2 * size);
    double clear = 0;
    const int reach = static_cast<int>(size * 0.75) + 1;
    for (int y = static_cast<int>(o.center_y) - reach;
         y < static_cast<int>(o.center_y) + reach; ++y)
      clear += 1 - Ink(o, x, y);
    EXPECT_NEAR(clear, size, 0.03 * size + 0.06) << size;
  }
}

// The opening lacks ink: the ink's middle lies on the other side.
TEST(Optotype, OpensWhereItSays) {
  for (const OptotypeKind kind :
       {OptotypeKind::kTumblingE, OptotypeKind::kLandoltC}) {
    for (int orientation = 0; orientation < 8; ++orientation) {
      if (kind == OptotypeKind::kTumblingE && orientation % 2) continue;
      RenderOptions noiseless = Plain();
      const Moments m =
          Measure(RenderOptotype(kind, 8, orientation, 5, 3, noiseless));
      const double angle = orientation * M_PI / 4;
      const double along = m.x * std::cos(angle) + m.y * std::sin(angle);
      const double across = m.y * std::cos(angle) - m.x * std::sin(angle);
      EXPECT_LT(along, -0.5) << orientation;
      EXPECT_NEAR(across, 0, 0.05) << orientation;
    }
  }
  EXPECT_EQ(DirectionName(0), "right");
  EXPECT_EQ(DirectionName(2), "down");
}

TEST(Optotype, NuisanceIsOfTheIndexAndNotOfTheOrientation) {
  const Optotype a = RenderOptotype(OptotypeKind::kLandoltC, 5, 0, 1, 7);
  const Optotype b = RenderOptotype(OptotypeKind::kLandoltC, 5, 4, 1, 7);
  const Optotype other = RenderOptotype(OptotypeKind::kLandoltC, 5, 0, 1, 8);
  EXPECT_EQ(a.center_x, b.center_x);
  EXPECT_EQ(a.background, b.background);
  EXPECT_NE(a.center_x, other.center_x);
  EXPECT_NE(a.image.pixels, b.image.pixels);
  EXPECT_EQ(a.image.pixels,
            RenderOptotype(OptotypeKind::kLandoltC, 5, 0, 1, 7).image.pixels);
}

TEST(Optotype, StepsAreTenADecade) {
  const std::span<const double> sizes = OptotypeSizes();
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_NEAR(sizes[i] / (16 * std::pow(10, -0.1 * static_cast<double>(i))),
                1, 0.004);
}

TEST(Optotype, RefusesWhatDoesNotFit) {
  const auto error = [](double size, int orientation) {
    return testing::InputErrorOf([=] {
      RenderOptotype(OptotypeKind::kTumblingE, size, orientation, 1, 0);
    });
  };
  EXPECT_NE(error(50, 0), "");
  EXPECT_NE(error(0, 0), "");
  EXPECT_NE(error(5, 1), "");
  EXPECT_EQ(error(5, 2), "");
}

}  // namespace
}  // namespace eyechart::scenes
