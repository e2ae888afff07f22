#include "data/scenes/pattern.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include <opencv2/core/utility.hpp>

#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

RenderOptions Small() {
  RenderOptions options;
  options.size = 96;
  return options;
}

double MeanDifference(const PatternPair& pair) {
  double sum = 0;
  for (std::size_t i = 0; i < pair.a.pixels.size(); ++i)
    sum += std::abs(pair.a.pixels[i] - pair.b.pixels[i]);
  return sum / static_cast<double>(pair.a.pixels.size());
}

class EveryPattern : public ::testing::TestWithParam<PatternInfo> {};
INSTANTIATE_TEST_SUITE_P(Nine,
                         EveryPattern,
                         ::testing::ValuesIn(Patterns().begin(),
                                             Patterns().end()),
                         [](const auto& of) {
                           return std::string(of.param.name);
                         });

TEST(Patterns, AreMmvpsNineInItsOrder) {
  std::string names;
  for (const PatternInfo& pattern : Patterns())
    names += std::string(pattern.name) + " ";
  EXPECT_EQ(names,
            "orientation presence state quantity position color structure "
            "text viewpoint ");
  const std::string error =
      testing::InputErrorOf([] { FindPattern("colour"); });
  EXPECT_NE(error.find("did you mean \"color\"?"), std::string::npos) << error;
}

TEST_P(EveryPattern, StepsArePositiveAndFall) {
  const std::span<const double> steps = GetParam().steps;
  ASSERT_GE(steps.size(), 6u);
  EXPECT_GT(steps.back(), 0);
  for (std::size_t i = 1; i < steps.size(); ++i)
    EXPECT_LT(steps[i], steps[i - 1]);
}

TEST_P(EveryPattern, RepeatsAndNotForAnotherSeedOrIndex) {
  const PatternPair once = RenderPair(GetParam(), 2, 5, 17, Small());
  const PatternPair again = RenderPair(GetParam(), 2, 5, 17, Small());
  EXPECT_EQ(once.a.pixels, again.a.pixels);
  EXPECT_EQ(once.b.pixels, again.b.pixels);
  EXPECT_EQ(once.question, again.question);
  EXPECT_NE(once.a.pixels, RenderPair(GetParam(), 2, 6, 17, Small()).a.pixels);
  EXPECT_NE(once.a.pixels, RenderPair(GetParam(), 2, 5, 18, Small()).a.pixels);
}

// Bytes must not depend on the processor's vector width: OpenCV's optimised
// paths off give the same.
TEST_P(EveryPattern, NeedsNoOptimisedCode) {
  for (int index = 0; index < 6; ++index) {
    cv::setUseOptimized(true);
    const PatternPair fast = RenderPair(GetParam(), 1, 5, index, Small());
    cv::setUseOptimized(false);
    const PatternPair plain = RenderPair(GetParam(), 1, 5, index, Small());
    cv::setUseOptimized(true);
    EXPECT_EQ(fast.a.pixels, plain.a.pixels);
    EXPECT_EQ(fast.b.pixels, plain.b.pixels);
  }
}

TEST_P(EveryPattern, PicturesDifferInsideTheRegionAlone) {
  const auto steps = static_cast<int>(GetParam().steps.size());
  for (int index = 0; index < 40; ++index) {
    const PatternPair pair =
        RenderPair(GetParam(), index % steps, 5, index, Small());
    std::int64_t inside = 0;
    std::int64_t outside = 0;
    for (int y = 0; y < pair.a.height; ++y) {
      for (int x = 0; x < pair.a.width; ++x) {
        const std::size_t at =
            (static_cast<std::size_t>(y) * pair.a.width + x) * 3;
        const bool same = pair.a.pixels[at] == pair.b.pixels[at] &&
                          pair.a.pixels[at + 1] == pair.b.pixels[at + 1] &&
                          pair.a.pixels[at + 2] == pair.b.pixels[at + 2];
        const bool in = x >= pair.region.left && x < pair.region.right &&
                        y >= pair.region.top && y < pair.region.bottom;
        (in ? inside : outside) += same ? 0 : 1;
      }
    }
    EXPECT_EQ(outside, 0) << index;
    EXPECT_GT(inside, 0) << index << " " << pair.object;
  }
}

// Over several pairs. Places that no longer overlap differ by as much however
// far apart they are, so a few per cent are let through. The one extra thing of
// `quantity` is as large at every step, where the fraction falls instead.
TEST_P(EveryPattern, HarderPicturesDifferLess) {
  if (GetParam().name == "quantity") GTEST_SKIP() << "differs by one thing";
  double first = 0;
  double last = 1e9;
  for (int step = 0; step < static_cast<int>(GetParam().steps.size()); ++step) {
    double sum = 0;
    double difficulty = 0;
    for (int index = 0; index < 30; ++index) {
      RenderOptions noiseless;
      noiseless.size = 128;
      noiseless.nuisance = false;
      const PatternPair pair =
          RenderPair(GetParam(), step, 9, index, noiseless);
      sum += MeanDifference(pair);
      difficulty = pair.difficulty;
    }
    EXPECT_LT(sum, last * 1.06) << "step " << step << ", " << difficulty;
    last = sum;
    if (step == 0) first = sum;
  }
  EXPECT_LT(last, 0.5 * first);
}

TEST_P(EveryPattern, AnswersAreOppositeAndBalanced) {
  constexpr int kPairs = 300;
  RenderOptions tiny;
  tiny.size = 32;
  int first = 0;
  for (int index = 0; index < kPairs; ++index) {
    const PatternPair pair = RenderPair(GetParam(), 0, 21, index, tiny);
    EXPECT_NE(pair.answer_a, pair.answer_b);
    EXPECT_NE(pair.option_a, pair.option_b);
    EXPECT_NE(pair.statement_a, pair.statement_b);
    EXPECT_EQ(pair.question.back(), '?');
    first += pair.answer_a == 'a';
  }
  // Five standard deviations of a fair coin.
  EXPECT_NEAR(first, kPairs / 2.0, 5 * std::sqrt(kPairs) / 2);
}

// What a two-class read-out trains on: picture a means the same everywhere.
TEST_P(EveryPattern, ClassesMeanTheSameAtEveryIndex) {
  RenderOptions tiny;
  tiny.size = 32;
  std::string right_of_a;
  for (int index = 0; index < 30; ++index) {
    const PatternPair pair = RenderPair(GetParam(), 3, 21, index, tiny);
    const std::string right =
        pair.answer_a == 'a' ? pair.option_a : pair.option_b;
    // Words differ from pair to pair; their class is the letter's strokes.
    if (GetParam().name == "text") {
      EXPECT_NE(std::string("FPC").find(right[0]), std::string::npos) << right;
      continue;
    }
    if (index == 0) right_of_a = right;
    EXPECT_EQ(right, right_of_a);
  }
}

TEST_P(EveryPattern, PixelDifficultiesGrowWithTheSize) {
  RenderOptions large;
  large.size = 448;
  const double expected = GetParam().steps[1] * (GetParam().pixels ? 2 : 1);
  EXPECT_DOUBLE_EQ(RenderPair(GetParam(), 1, 5, 0, large).difficulty, expected);
}

TEST(Patterns, RefuseStepsAndSizesOutOfRange) {
  const PatternInfo& pattern = Patterns().front();
  const auto error = [&](int step, int size) {
    return testing::InputErrorOf([&] {
      RenderOptions options;
      options.size = size;
      RenderPair(pattern, step, 1, 0, options);
    });
  };
  EXPECT_NE(error(8, 224).find("step 8"), std::string::npos);
  EXPECT_NE(error(-1, 224), "");
  EXPECT_NE(error(0, 16).find("32 to 4096"), std::string::npos);
}

// What hangs keeps its middle: the tall and the wide one together are square.
TEST(Structure, TallAndWideAreTheSameShapeTurned) {
  const PatternInfo& structure = FindPattern("structure");
  RenderOptions plain;
  plain.size = 448;
  plain.nuisance = false;
  for (int index = 0; index < 40; ++index) {
    const PatternPair pair = RenderPair(structure, 1, 3, index, plain);
    if (pair.object != "window" && pair.object != "picture") continue;
    const double w = pair.region.right - pair.region.left;
    const double h = pair.region.bottom - pair.region.top;
    EXPECT_NEAR(w, h, 2.1);
  }
}

}  // namespace
}  // namespace eyechart::scenes
