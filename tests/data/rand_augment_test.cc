#include "data/rand_augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using testing::InputErrorOf;

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << (text)

Image Noise(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  std::uniform_int_distribution<int> byte(0, 255);
  for (std::uint8_t& v : image.pixels)
    v = static_cast<std::uint8_t>(byte(testing::Rng()));
  return image;
}

const RandAugmentOp& OpOf(std::string_view name) {
  for (const RandAugmentOp& op : RandAugmentOps())
    if (op.name == name) return op;
  throw std::runtime_error("no such operation");
}

std::string ErrorOf(const std::string& text) {
  return InputErrorOf([&] { ParseRandAugment(text); });
}

TEST(ParseRandAugment, ThePapersPolicy) {
  const RandAugmentPolicy policy = ParseRandAugment("rand-m9-mstd0.5-inc1");
  EXPECT_EQ(policy.magnitude, 9);
  EXPECT_EQ(policy.deviation, 0.5);
  EXPECT_TRUE(policy.increasing);
  EXPECT_EQ(policy.layers, 2);
  EXPECT_EQ(policy.probability, 0.5);
}

TEST(ParseRandAugment, AnyOrderAndDefaults) {
  const RandAugmentPolicy all = ParseRandAugment("rand-n3-inc1-p1-mstd2-m0");
  EXPECT_EQ(all.magnitude, 0);
  EXPECT_EQ(all.deviation, 2);
  EXPECT_EQ(all.layers, 3);
  EXPECT_EQ(all.probability, 1);
  const RandAugmentPolicy none = ParseRandAugment("rand");
  EXPECT_EQ(none.magnitude, 10);
  EXPECT_EQ(none.deviation, 0);
  EXPECT_FALSE(none.increasing);
  EXPECT_EQ(none.layers, 2);
}

TEST(ParseRandAugment, SaysWhatWouldBeRight) {
  EXPECT_HAS(ErrorOf("original-mstd0.5"), "\"original\" is no policy");
  EXPECT_HAS(ErrorOf("original-mstd0.5"), "rand-m9-mstd0.5-inc1");
  EXPECT_HAS(ErrorOf(""), "\"\" is no policy");
  EXPECT_HAS(ErrorOf("rand-w0"), "\"w0\" is not known");
  EXPECT_HAS(ErrorOf("rand-tweights"), "\"tweights\" is not known");
  EXPECT_HAS(ErrorOf("rand-mmax20"), "\"mmax20\" is not known");
  EXPECT_HAS(ErrorOf("rand-m9-"), "\"\" is not known");
  EXPECT_HAS(ErrorOf("rand-m9-m8"), "m stands twice");
  EXPECT_HAS(ErrorOf("rand-m11"), "a whole number from 0 to 10");
  EXPECT_HAS(ErrorOf("rand-m9.5"), "a whole number from 0 to 10");
  EXPECT_HAS(ErrorOf("rand-m"), "in \"m\" m should be");
  EXPECT_HAS(ErrorOf("rand-mstd1e9"), "a number from 0 to 100");
  EXPECT_HAS(ErrorOf("rand-mstd0.5x"), "\"mstd0.5x\"");
  EXPECT_HAS(ErrorOf("rand-inc0"), "from 1 to 1");
  EXPECT_HAS(ErrorOf("rand-n0"), "from 1 to 16");
  EXPECT_HAS(ErrorOf("rand-p2"), "a number from 0 to 1");
  EXPECT_EQ(ErrorOf("rand-m9-mstd0.5-inc1"), "");
}

TEST(RandAugmentOps, FifteenForEachKindOfPolicy) {
  std::set<std::string_view> names;
  int plain = 0;
  int increasing = 0;
  for (const RandAugmentOp& op : RandAugmentOps()) {
    EXPECT_TRUE(names.insert(op.name).second) << op.name;
    plain += op.plain;
    increasing += op.increasing;
  }
  EXPECT_EQ(plain, 15);
  EXPECT_EQ(increasing, 15);
}

TEST(RandAugmentOps, ArgumentsAtLevelNine) {
  const auto at_nine = [](std::string_view name, double sign) {
    return OpOf(name).argument(9, sign);
  };
  EXPECT_DOUBLE_EQ(at_nine("Rotate", 1), 27);
  EXPECT_DOUBLE_EQ(at_nine("Rotate", -1), -27);
  EXPECT_EQ(at_nine("Posterize", 1), 3);
  EXPECT_EQ(at_nine("PosterizeIncreasing", 1), 1);
  EXPECT_EQ(at_nine("Solarize", 1), 230);
  EXPECT_EQ(at_nine("SolarizeIncreasing", 1), 26);
  EXPECT_EQ(at_nine("SolarizeAdd", 1), 99);
  EXPECT_DOUBLE_EQ(at_nine("Color", -1), 1.72);
  EXPECT_DOUBLE_EQ(at_nine("ColorIncreasing", 1), 1.81);
  EXPECT_DOUBLE_EQ(at_nine("SharpnessIncreasing", -1), 0.19);
  EXPECT_DOUBLE_EQ(at_nine("ShearX", -1), -0.27);
  EXPECT_DOUBLE_EQ(at_nine("TranslateYRel", 1), 0.405);
}

// Of an increasing operation, level 0 is the picture (or nearly) and 10 is not.
TEST(RandAugmentOps, IncreasingMeansMoreChange) {
  const Image image = Noise(16, 12);
  for (const std::string_view name :
       {"Rotate", "SolarizeIncreasing", "SolarizeAdd", "ColorIncreasing",
        "ContrastIncreasing", "BrightnessIncreasing", "SharpnessIncreasing",
        "ShearX", "ShearY", "TranslateXRel", "TranslateYRel"}) {
    const RandAugmentOp& op = OpOf(name);
    EXPECT_EQ(op.apply(image, op.argument(0, 1), {}).pixels, image.pixels)
        << name;
    EXPECT_NE(op.apply(image, op.argument(10, 1), {}).pixels, image.pixels)
        << name;
  }
  // Four bits are left at level 0, and none at 10.
  const RandAugmentOp& posterize = OpOf("PosterizeIncreasing");
  EXPECT_EQ(posterize.argument(0, 1), 4);
  EXPECT_EQ(posterize.apply(image, posterize.argument(10, 1), {}).pixels,
            std::vector<std::uint8_t>(image.pixels.size(), 0));
}

TEST(RandAugmentOps, EveryLevelOnEverySize) {
  for (const auto& [width, height] : {std::pair{1, 1}, {2, 9}, {13, 1}, {6, 5}})
    for (const RandAugmentOp& op : RandAugmentOps())
      for (double level = 0; level <= 10; level += 0.25)
        for (const double sign : {-1.0, 1.0}) {
          const Image out =
              op.apply(Noise(width, height), op.argument(level, sign), {});
          ASSERT_EQ(out.width, width) << op.name;
          ASSERT_EQ(out.height, height) << op.name;
          ASSERT_EQ(out.pixels.size(), width * height * 3u) << op.name;
        }
}

TEST(DrawRandAugment, LayersAndProbability) {
  RandAugmentPolicy policy;
  policy.layers = 7;
  for (const double probability : {0.0, 1.0}) {
    policy.probability = probability;
    Random random(1);
    EXPECT_EQ(DrawRandAugment(policy, {}, random).size(),
              probability == 1 ? 7u : 0u);
  }
}

TEST(DrawRandAugment, TakesAsManyNumbersWhateverIsDrawn) {
  RandAugmentPolicy always;
  always.probability = 1;
  RandAugmentPolicy never = always;
  never.probability = 0;
  never.deviation = 3;
  Random one(5, 8);
  Random two(5, 8);
  DrawRandAugment(always, Filter::kBicubic, one);
  DrawRandAugment(never, {}, two);
  EXPECT_EQ(one.Next(), two.Next());
}

TEST(DrawRandAugment, LevelsHaveNoNoiseWithoutADeviation) {
  const RandAugmentPolicy policy = ParseRandAugment("rand-m9-n16-inc1-p1");
  Random random(3);
  std::set<std::string_view> names;
  for (int i = 0; i < 30; ++i)
    for (const RandAugmentStep& step : DrawRandAugment(policy, {}, random)) {
      names.insert(step.op->name);
      EXPECT_TRUE(step.op->increasing);
      EXPECT_TRUE(step.argument == step.op->argument(9, 1) ||
                  step.argument == step.op->argument(9, -1))
          << step.op->name;
    }
  EXPECT_EQ(names.size(), 15u);
}

TEST(DrawRandAugment, FiltersAreDrawnUnlessGiven) {
  const RandAugmentPolicy policy = ParseRandAugment("rand-n16-p1");
  const auto filters = [&policy](std::optional<Filter> filter) {
    Random random(4);
    std::set<Filter> found;
    for (int i = 0; i < 8; ++i)
      for (const RandAugmentStep& step :
           DrawRandAugment(policy, filter, random)) {
        EXPECT_TRUE(step.op->plain);
        found.insert(step.filter);
      }
    return found;
  };
  EXPECT_EQ(filters({}),
            (std::set<Filter>{Filter::kBilinear, Filter::kBicubic}));
  EXPECT_EQ(filters(Filter::kBilinear), (std::set<Filter>{Filter::kBilinear}));
}

TEST(ApplyRandAugment, StepsInTurn) {
  const Image image = Noise(5, 4);
  EXPECT_EQ(ApplyRandAugment(image, {}, {}).pixels, image.pixels);
  const RandAugmentStep invert = {&OpOf("Invert"), 0, Filter::kBicubic};
  const RandAugmentStep posterize = {&OpOf("PosterizeIncreasing"), 1,
                                     Filter::kBicubic};
  const RandAugmentStep shift = {&OpOf("TranslateXRel"), 1, Filter::kBicubic};
  EXPECT_EQ(ApplyRandAugment(image, {invert, invert}, {}).pixels, image.pixels);
  EXPECT_NE(ApplyRandAugment(image, {invert, posterize}, {}).pixels,
            ApplyRandAugment(image, {posterize, invert}, {}).pixels);
  // Shifted by its whole width: nothing but the fill.
  const Image out = ApplyRandAugment(image, {shift}, {7, 8, 9});
  for (std::size_t i = 0; i < out.pixels.size(); ++i)
    EXPECT_EQ(out.pixels[i], 7 + i % 3);
}

// Four moments of 10^5 deviates, within five of their standard errors.
TEST(NormalDeviate, Moments) {
  Random random(11);
  constexpr int kCount = 100'000;
  double sums[4] = {};
  for (int i = 0; i < kCount; ++i) {
    const double z = NormalDeviate(random);
    ASSERT_TRUE(std::isfinite(z));
    for (int p = 0; p < 4; ++p) sums[p] += std::pow(z, p + 1);
  }
  const double five = 5 / std::sqrt(double{kCount});
  EXPECT_NEAR(sums[0] / kCount, 0, five);
  EXPECT_NEAR(sums[1] / kCount, 1, five * std::sqrt(2.0));
  EXPECT_NEAR(sums[2] / kCount, 0, five * std::sqrt(15.0));
  EXPECT_NEAR(sums[3] / kCount, 3, five * std::sqrt(96.0));
}

}  // namespace
}  // namespace eyechart::data
