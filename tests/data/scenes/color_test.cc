#include "data/scenes/color.h"

#include <gtest/gtest.h>

namespace eyechart::scenes {
namespace {

struct Known {
  Color color;
  Lab lab;
};

// CIE L*a*b* under D65 of sRGB's corners and its middle gray, as published
// colour calculators give them.
constexpr Known kKnown[] = {
    {{255, 255, 255}, {100, 0, 0}},
    {{255, 0, 0}, {53.24, 80.09, 67.20}},
    {{0, 255, 0}, {87.73, -86.18, 83.18}},
    {{0, 0, 255}, {32.30, 79.19, -107.86}},
    {{128, 128, 128}, {53.59, 0, 0}},
    {{0, 0, 0}, {0, 0, 0}},
};

TEST(Lab, EqualsPublishedValues) {
  for (const Known& known : kKnown) {
    const Lab lab = ToLab(known.color);
    EXPECT_NEAR(lab.l, known.lab.l, 0.02);
    EXPECT_NEAR(lab.a, known.lab.a, 0.02);
    EXPECT_NEAR(lab.b, known.lab.b, 0.02);
    EXPECT_EQ(ToColor(known.lab), known.color);
  }
}

TEST(Lab, EveryColorComesBack) {
  for (int r = 0; r < 256; r += 15) {
    for (int g = 0; g < 256; g += 15) {
      for (int b = 0; b < 256; b += 15) {
        const Color color{static_cast<std::uint8_t>(r),
                          static_cast<std::uint8_t>(g),
                          static_cast<std::uint8_t>(b)};
        EXPECT_EQ(ToColor(ToLab(color)), color);
      }
    }
  }
}

// The pattern's paints, to either side of gray, stay inside sRGB.
TEST(Lab, PaintsAreAsFarApartAsAsked) {
  for (const double distance : {70.0, 45.0, 30.0, 20.0, 13.0, 8.0, 5.0, 3.0}) {
    for (double lightness = 58; lightness <= 68; lightness += 2.5) {
      const double half = distance / 2;
      const Color warm = ToColor({lightness, half * 0.42, half * 0.9075});
      const Color cool = ToColor({lightness, -half * 0.42, -half * 0.9075});
      EXPECT_NEAR(DeltaE(ToLab(warm), ToLab(cool)), distance, 0.5);
    }
  }
}

TEST(NamedColors, LieApart) {
  for (const NamedColor& a : NamedColors()) {
    for (const NamedColor& b : NamedColors()) {
      if (a.name == b.name) continue;
      EXPECT_GT(DeltaE(ToLab(a.color), ToLab(b.color)), 20)
          << a.name << " " << b.name;
    }
  }
}

}  // namespace
}  // namespace eyechart::scenes
