#include "data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "data/picture_ops.h"
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

void ExpectBox(const Box& box, double left, double top, double w, double h) {
  EXPECT_EQ(box.left, left);
  EXPECT_EQ(box.top, top);
  EXPECT_EQ(box.right - box.left, w);
  EXPECT_EQ(box.bottom - box.top, h);
}

bool Same(const Box& a, const Box& b) {
  return a.left == b.left && a.top == b.top && a.right == b.right &&
         a.bottom == b.bottom;
}

TEST(Recipes, AsTheirSourcesSay) {
  const AugmentOptions dino = DinoLinearAugment(96);
  EXPECT_EQ(dino.height, 96);
  EXPECT_EQ(dino.width, 96);
  EXPECT_EQ(dino.scale_min, 0.08);
  EXPECT_EQ(dino.scale_max, 1);
  EXPECT_EQ(dino.filter, Filter::kBicubic);
  EXPECT_EQ(dino.flip_probability, 0.5);
  EXPECT_EQ(dino.jitter.brightness, 0);
  EXPECT_EQ(dino.rand_augment, "");
  const AugmentOptions aim = AimAttentiveAugment(224);
  EXPECT_NEAR(aim.ratio_max, 1.33, 0.005);
  EXPECT_EQ(aim.ratio_min, 0.75);
  EXPECT_EQ(aim.jitter.saturation, 0.3);
  EXPECT_EQ(aim.jitter.hue, 0);
  EXPECT_EQ(aim.rand_augment, "rand-m9-mstd0.5-inc1");
  CheckAugment(dino);
  CheckAugment(aim);
}

TEST(CheckAugment, NamesTheField) {
  const auto error = [](auto change) {
    AugmentOptions options;
    change(options);
    return InputErrorOf([&] { CheckAugment(options); });
  };
  using O = AugmentOptions;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(error([](O&) {}), "");
  EXPECT_HAS(error([](O& o) { o.height = 0; }), "0x224");
  EXPECT_HAS(error([](O& o) { o.width = 1 << 20; }), "224x1048576");
  EXPECT_HAS(error([](O& o) { o.scale_min = 0; }), "crop scale 0 to 1");
  EXPECT_HAS(error([](O& o) { o.scale_max = 1.5; }), "crop scale");
  EXPECT_HAS(error([](O& o) { o.scale_max = 0.01; }), "crop scale");
  EXPECT_HAS(error([](O& o) { o.scale_min = kNan; }), "crop scale nan");
  EXPECT_HAS(error([](O& o) { o.ratio_min = 2; }), "crop ratio 2 to");
  EXPECT_HAS(error([](O& o) { o.ratio_min = -1; }), "crop ratio");
  EXPECT_HAS(error([](O& o) { o.ratio_max = kInfinity; }), "crop ratio");
  EXPECT_HAS(error([](O& o) { o.flip_probability = 1.1; }), "flip");
  EXPECT_HAS(error([](O& o) { o.jitter.brightness = -1; }), "brightness");
  EXPECT_HAS(error([](O& o) { o.jitter.contrast = kInfinity; }), "contrast");
  EXPECT_HAS(error([](O& o) { o.jitter.saturation = kNan; }), "saturation");
  EXPECT_HAS(error([](O& o) { o.jitter.hue = 0.6; }), "hue jitter 0.6");
  EXPECT_HAS(error([](O& o) { o.rand_augment = "rand-x1"; }), "\"x1\"");
  EXPECT_HAS(error([](O& o) { o.rand_augment_filter = Filter::kBox; }), "box");
}

TEST(DrawCrop, CentralWhereNoTryFits) {
  AugmentOptions options;
  options.scale_min = 0.5;
  Random random(1);
  ExpectBox(DrawCrop(1000, 10, options, random), 493, 0, 13, 10);
  ExpectBox(DrawCrop(10, 1000, options, random), 0, 493, 10, 13);
  // A half of a pixel goes to the even side.
  options.ratio_min = options.ratio_max = 2.5;
  ExpectBox(DrawCrop(1000, 1, options, random), 499, 0, 2, 1);
  // A ratio that is allowed, and an area that is not to be had: all of it.
  options.scale_min = 1;
  options.ratio_min = 0.1;
  options.ratio_max = 10;
  ExpectBox(DrawCrop(1, 3, options, random), 0, 0, 1, 3);
  // Not even a pixel wide: one.
  options.ratio_min = options.ratio_max = 0.001;
  ExpectBox(DrawCrop(1000, 1, options, random), 499, 0, 1, 1);
}

TEST(DrawCrop, AllOfASquareAtItsOwnRatio) {
  AugmentOptions options;
  options.scale_min = options.ratio_min = options.ratio_max = 1;
  Random random(1);
  ExpectBox(DrawCrop(17, 17, options, random), 0, 0, 17, 17);
}

TEST(DrawCrop, ReachesEveryCornerOfEveryPicture) {
  for (const auto& [width, height] : {std::pair{5, 4}, {1, 1}, {2, 7}}) {
    Random random(2);
    Box reached = {9, 9, 0, 0};
    for (int i = 0; i < 500; ++i) {
      const Box box = DrawCrop(width, height, {}, random);
      ASSERT_TRUE(box.left >= 0 && box.left < box.right && box.right <= width);
      ASSERT_TRUE(box.top >= 0 && box.top < box.bottom && box.bottom <= height);
      reached = {std::min(reached.left, box.left),
                 std::min(reached.top, box.top),
                 std::max(reached.right, box.right),
                 std::max(reached.bottom, box.bottom)};
    }
    ExpectBox(reached, 0, 0, width, height);
  }
}

TEST(DrawJitter, OnlyWhatIsOn) {
  Random random(3);
  EXPECT_TRUE(DrawJitter({}, random).empty());
  ColorJitterOptions options;
  options.contrast = 0.3;
  options.hue = 0.1;
  bool swapped = false;
  for (int i = 0; i < 200; ++i) {
    const std::vector<JitterStep> steps = DrawJitter(options, random);
    ASSERT_EQ(steps.size(), 2u);
    swapped |= steps[0].kind == JitterKind::kHue;
    for (const JitterStep& step : steps) {
      const bool hue = step.kind == JitterKind::kHue;
      EXPECT_TRUE(hue || step.kind == JitterKind::kContrast);
      EXPECT_NEAR(step.amount, hue ? 0 : 1, hue ? 0.1 : 0.3);
    }
  }
  EXPECT_TRUE(swapped);
}

TEST(DrawJitter, FactorsAreNeverNegative) {
  ColorJitterOptions options;
  options.brightness = 4;
  Random random(3);
  double least = 9;
  double most = 0;
  for (int i = 0; i < 500; ++i) {
    const double amount = DrawJitter(options, random).at(0).amount;
    least = std::min(least, amount);
    most = std::max(most, amount);
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(least, 0.2);
  EXPECT_GT(most, 4.8);
}

TEST(DrawAugment, LaterStepsLeaveEarlierOnesAlone) {
  AugmentOptions jitter = AimAttentiveAugment(8);
  jitter.rand_augment.clear();
  AugmentOptions policy = AimAttentiveAugment(8);
  policy.jitter = {};
  int steps = 0;
  for (std::uint64_t stream = 0; stream < 50; ++stream) {
    const auto draw = [stream](const AugmentOptions& options) {
      Random random(7, stream);
      return DrawAugment(30, 40, options, random);
    };
    const AugmentPlan both = draw(AimAttentiveAugment(8));
    const AugmentPlan one = draw(jitter);
    const AugmentPlan other = draw(policy);
    const AugmentPlan none = draw(DinoLinearAugment(8));
    for (const AugmentPlan& plan : {one, other, none}) {
      EXPECT_TRUE(Same(plan.crop, both.crop));
      EXPECT_EQ(plan.flip, both.flip);
    }
    ASSERT_EQ(one.jitter.size(), both.jitter.size());
    for (std::size_t i = 0; i < one.jitter.size(); ++i)
      EXPECT_EQ(one.jitter[i].amount, both.jitter[i].amount);
    ASSERT_EQ(other.rand_augment.size(), both.rand_augment.size());
    steps += static_cast<int>(both.rand_augment.size());
    for (std::size_t i = 0; i < both.rand_augment.size(); ++i)
      EXPECT_EQ(other.rand_augment[i].op, both.rand_augment[i].op);
    EXPECT_TRUE(one.rand_augment.empty() && other.jitter.empty());
  }
  EXPECT_GT(steps, 20);
}

// Black inside the crop, white around it: what is resized sees the black alone.
// The same box of the whole picture would not do.
TEST(ApplyAugment, NothingOutsideTheCropIsSeen) {
  Image image{12, 12, std::vector<std::uint8_t>(12 * 12 * 3, 255)};
  for (int y = 4; y < 8; ++y)
    std::fill_n(image.pixels.begin() + (y * 12 + 4) * 3, 4 * 3, 0);
  AugmentPlan plan;
  plan.crop = {4, 4, 8, 8};
  AugmentOptions options;
  options.height = options.width = 9;
  const std::vector<std::uint8_t> black(9 * 9 * 3, 0);
  EXPECT_EQ(ApplyAugment(image, plan, options, {}).pixels, black);
  EXPECT_NE(Resize(image, plan.crop, 9, 9, options.filter).pixels, black);
}

TEST(ApplyAugment, StepByStep) {
  const Image image = Noise(20, 15);
  AugmentOptions options;
  options.height = 7;
  options.width = 9;
  AugmentPlan plan;
  plan.crop = {3, 2, 18, 13};
  plan.flip = true;
  plan.jitter = {{JitterKind::kHue, 0.2},
                 {JitterKind::kBrightness, 1.2},
                 {JitterKind::kSaturation, 0.5},
                 {JitterKind::kContrast, 1.5}};
  plan.rand_augment = {{&RandAugmentOps()[2], 0, Filter::kBicubic}};
  ASSERT_EQ(plan.rand_augment[0].op->name, "Invert");
  const Image base = FlipHorizontally(
      Resize(Crop(image, 3, 2, 15, 11), 9, 7, Filter::kBicubic));
  const Image expected = Invert(AdjustContrast(
      AdjustSaturation(AdjustBrightness(ShiftHue(base, 0.2), 1.2), 0.5), 1.5));
  const Image out = ApplyAugment(image, plan, options, {});
  EXPECT_EQ(out.width, 9);
  EXPECT_EQ(out.height, 7);
  EXPECT_EQ(out.pixels, expected.pixels);
}

TEST(AugmentFill, MeanOfThePreprocessingUnlessGiven) {
  using Fill = std::array<std::uint8_t, 3>;
  PreprocessOptions preprocess;
  AugmentOptions options;
  preprocess.mean = {0.485, 0.456, 0.406};
  EXPECT_EQ(AugmentFill(preprocess, options), (Fill{124, 116, 104}));
  preprocess.mean = {0.5, 1.5, -1};
  EXPECT_EQ(AugmentFill(preprocess, options), (Fill{128, 255, 0}));
  preprocess.rescale = false;
  preprocess.mean = {124, 116, 104};
  EXPECT_EQ(AugmentFill(preprocess, options), (Fill{124, 116, 104}));
  preprocess.rescale = true;
  preprocess.rescale_factor = 0;
  preprocess.mean = {0, 0, 0};
  EXPECT_EQ(AugmentFill(preprocess, options), (Fill{128, 128, 128}));
  preprocess.normalize = false;
  EXPECT_EQ(AugmentFill(preprocess, options), (Fill{128, 128, 128}));
  options.fill = Fill{1, 2, 3};
  EXPECT_EQ(AugmentFill(preprocess, options), (Fill{1, 2, 3}));
}

TEST(Augment, PlanThenValues) {
  const Image image = Noise(33, 21);
  PreprocessOptions preprocess;
  preprocess.mean = {0.5, 0.25, 0};
  preprocess.stddev = {0.5, 1, 2};
  AugmentOptions options = AimAttentiveAugment(12);
  options.width = 10;
  for (std::uint64_t stream = 0; stream < 20; ++stream) {
    Random random(5, stream);
    const AugmentPlan plan = DrawAugment(33, 21, options, random);
    const Image drawn =
        ApplyAugment(image, plan, options, AugmentFill(preprocess, options));
    Random again(5, stream);
    const Pixels out = Augment(image, preprocess, options, again);
    ASSERT_EQ(out.height, 12);
    ASSERT_EQ(out.width, 10);
    ASSERT_EQ(out.values.size(), 360u);
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t i = 0; i < 120; ++i)
        ASSERT_FLOAT_EQ(out.values[c * 120 + i],
                        (drawn.pixels[i * 3 + c] / 255.0f -
                         static_cast<float>(preprocess.mean[c])) /
                            static_cast<float>(preprocess.stddev[c]));
  }
}

TEST(Augment, TheStreamAloneDecides) {
  const Image image = Noise(64, 48);
  const AugmentOptions options = AimAttentiveAugment(24);
  const auto run = [&](std::uint64_t stream) {
    Random random(9, stream);
    return Augment(image, {}, options, random).values;
  };
  std::vector<std::vector<float>> alone;
  for (std::uint64_t s = 0; s < 8; ++s) alone.push_back(run(s));
  std::vector<std::vector<float>> together(8);
  std::vector<std::thread> threads;
  for (std::uint64_t s = 8; s-- > 0;)
    threads.emplace_back([&, s] { together[s] = run(s); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(alone, together);
  for (std::size_t s = 1; s < 8; ++s) EXPECT_NE(alone[s], alone[0]);
}

TEST(Augment, BadOptionsAreTheUsersMistake) {
  AugmentOptions options;
  options.rand_augment = "augmix-m5";
  Random random(1);
  EXPECT_HAS(InputErrorOf([&] { Augment(Noise(3, 3), {}, options, random); }),
             "augmix");
}

TEST(AugmentToJson, TellsSettingsApart) {
  const auto differs = [](auto change, AugmentOptions base) {
    AugmentOptions other = base;
    change(other);
    return AugmentToJson(other) != AugmentToJson(base);
  };
  using O = AugmentOptions;
  const O dino = DinoLinearAugment(224);
  const O aim = AimAttentiveAugment(224);
  EXPECT_TRUE(differs([](O& o) { o.height = 2; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.scale_min = 0.2; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.ratio_max = 2; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.filter = Filter::kBox; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.flip_probability = 0; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.jitter.hue = 0.1; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.rand_augment = "rand"; }, dino));
  EXPECT_TRUE(differs([](O& o) { o.fill = {{1, 2, 3}}; }, aim));
  EXPECT_TRUE(differs([](O& o) { o.rand_augment_filter.reset(); }, aim));
  // No policy, no geometric operation.
  EXPECT_FALSE(differs([](O& o) { o.fill = {{1, 2, 3}}; }, dino));
}

}  // namespace
}  // namespace eyechart::data
