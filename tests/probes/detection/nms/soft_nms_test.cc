// Hand calculations; the authors' loops and OpenCV are compared with in
// oracle/nms.
#include "probes/detection/nms/soft_nms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace eyechart::detection {
namespace {

using Kept = std::vector<std::int64_t>;

// 1 shares half of its area with 0, IoU 1/3; 2 touches nothing.
const std::vector<float> kBoxes = {0, 0, 2, 2, 1, 0, 3, 2, 9, 9, 10, 10};
const std::vector<float> kScores = {0.9f, 0.8f, 0.6f};

SoftNmsOptions Options(SoftNmsRule rule, SoftNmsDecay decay) {
  SoftNmsOptions options;
  options.rule = rule;
  options.decay = decay;
  options.class_agnostic = true;
  return options;
}

class SoftNmsRules : public testing::TestWithParam<SoftNmsRule> {};

TEST_P(SoftNmsRules, LinearDecaysAboveTheThreshold) {
  SoftNmsOptions options = Options(GetParam(), SoftNmsDecay::kLinear);
  const SoftNmsResult low = SoftNms(kBoxes, kScores, {}, options);
  EXPECT_EQ(low.kept, (Kept{0, 2, 1}));
  EXPECT_FLOAT_EQ(low.scores[0], 0.9f);
  EXPECT_FLOAT_EQ(low.scores[1], 0.6f);
  EXPECT_FLOAT_EQ(low.scores[2], 0.8f * 2 / 3);
  options.iou_threshold = 0.34f;
  EXPECT_EQ(SoftNms(kBoxes, kScores, {}, options).kept, (Kept{0, 1, 2}));
}

TEST_P(SoftNmsRules, GaussianDecaysBySquaredIou) {
  const SoftNmsOptions options = Options(GetParam(), SoftNmsDecay::kGaussian);
  const SoftNmsResult found = SoftNms(kBoxes, kScores, {}, options);
  EXPECT_EQ(found.kept, (Kept{0, 1, 2}));
  EXPECT_FLOAT_EQ(found.scores[1],
                  0.8f * static_cast<float>(std::exp(-1.0 / 9 / 0.5)));
  EXPECT_FLOAT_EQ(found.scores[2], 0.6f);
}

TEST_P(SoftNmsRules, DecayStaysWithinAClass) {
  SoftNmsOptions options = Options(GetParam(), SoftNmsDecay::kLinear);
  options.class_agnostic = false;
  const SoftNmsResult found =
      SoftNms(kBoxes, kScores, std::vector<std::int64_t>{4, -1, 4}, options);
  EXPECT_EQ(found.kept, (Kept{0, 1, 2}));
  EXPECT_EQ(found.scores, kScores);
  options.max_kept = 2;
  EXPECT_EQ(
      SoftNms(kBoxes, kScores, std::vector<std::int64_t>{4, -1, 4}, options)
          .kept,
      (Kept{0, 1}));
}

TEST_P(SoftNmsRules, DropsWhatDecayedTooFar) {
  SoftNmsOptions options = Options(GetParam(), SoftNmsDecay::kLinear);
  options.score_threshold = 0.55f;
  EXPECT_EQ(SoftNms(kBoxes, kScores, {}, options).kept, (Kept{0, 2}));
}

INSTANTIATE_TEST_SUITE_P(Both,
                         SoftNmsRules,
                         testing::Values(SoftNmsRule::kAuthors,
                                         SoftNmsRule::kOpenCv));

TEST(SoftNms, RulesDifferOnLowScoresThatNothingTouches) {
  SoftNmsOptions options =
      Options(SoftNmsRule::kAuthors, SoftNmsDecay::kLinear);
  options.score_threshold = 0.7f;
  EXPECT_EQ(SoftNms(kBoxes, kScores, {}, options).kept, (Kept{0, 2}));
  options.rule = SoftNmsRule::kOpenCv;
  EXPECT_EQ(SoftNms(kBoxes, kScores, {}, options).kept, (Kept{0}));
}

TEST(SoftNms, InclusiveEdges) {
  // Sides of 3: 6 of 9 + 9 - 6 shared.
  SoftNmsOptions options =
      Options(SoftNmsRule::kAuthors, SoftNmsDecay::kLinear);
  options.inclusive = true;
  EXPECT_FLOAT_EQ(SoftNms(kBoxes, kScores, {}, options).scores[2], 0.8f / 2);
}

TEST(SoftNms, NamesWhatDoesNotFit) {
  SoftNmsOptions options;
  EXPECT_THROW(SoftNms(kBoxes, kScores, {}, options), InputError);
  options.class_agnostic = true;
  EXPECT_THROW(SoftNms(std::span(kBoxes).first(4), kScores, {}, options),
               InputError);
  options.sigma = 0;
  EXPECT_THROW(SoftNms(kBoxes, kScores, {}, options), InputError);
  options = {};
  options.rule = SoftNmsRule::kOpenCv;
  options.inclusive = true;
  EXPECT_THROW(SoftNms(kBoxes, kScores, {}, options), InputError);
}

}  // namespace
}  // namespace eyechart::detection
