// Hand calculations; torchvision, OpenCV and transcriptions of their rules are
// compared with in oracle/nms.
#include "probes/detection/nms/nms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::detection {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Kept = std::vector<std::int64_t>;

NmsOptions Agnostic(double threshold, NmsSemantics semantics = {}) {
  NmsOptions options;
  options.semantics = semantics;
  options.classes = NmsClasses::kAgnostic;
  options.iou_threshold = threshold;
  return options;
}

Kept Of(const std::vector<float>& boxes,
        const std::vector<float>& scores,
        const NmsOptions& options) {
  return Nms(boxes, scores, {}, options);
}

TEST(Nms, TheBestStaysAndOverlapMustBeGreater) {
  // The second lies in the first with half its area: IoU 1/2, exactly.
  const std::vector<float> boxes = {0, 0, 2, 1, 0, 0, 1, 1, 5, 5, 6, 6};
  const std::vector<float> scores = {0.5f, 0.9f, 0.7f};
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.5)), (Kept{1, 2, 0}));
  EXPECT_EQ(Of(boxes, scores, Agnostic(std::nextafter(0.5, 0))), (Kept{1, 2}));
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.5, NmsSemantics::kOpenCv)),
            (Kept{1, 2, 0}));
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.49, NmsSemantics::kOpenCv)),
            (Kept{1, 2}));
}

TEST(Nms, TorchvisionsThresholdIsADouble) {
  // IoU 3/5, in float32 2.4e-8 above 0.6.
  const std::vector<float> boxes = {0, 0, 5, 1, 0, 0, 3, 1};
  const std::vector<float> scores = {1, 0.5f};
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.6)), (Kept{0}));
  EXPECT_EQ(Of(boxes, scores, Agnostic(double{0.6f})), (Kept{0, 1}));
}

TEST(Nms, TiesGoByIndexAndNaNIsTheBest) {
  const std::vector<float> boxes = {0, 0, 1, 1, 0, 0, 1, 1, 4, 4,
                                    5, 5, 4, 4, 5, 5, 8, 8, 9, 9};
  const std::vector<float> scores = {0.5f, 0.5f, 0.1f, kNaN, 0.5f};
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.5)), (Kept{3, 0, 4}));
  // OpenCV's comparison drops it.
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.5, NmsSemantics::kOpenCv)),
            (Kept{0, 4, 2}));
}

TEST(Nms, WhatIsNotANumberSuppressesNothing) {
  const std::vector<float> boxes = {
      3,          3,      3, 3,     3, 3,      3, 3,  // no inside: 0/0
      kNaN,       0,      9, 9,     0, kNaN,   9, 9,  // NaN corners
      -kInfinity, 0,      9, 9,     0, 0,      9, 9,  // infinite area
      9,          9,      0, 0,     9, 9,      0, 0,  // sides below 0, area 81
      0,          -2e38f, 2, 2e38f, 0, -2e38f, 2, 2e38f};  // area overflows
  const std::vector<float> scores(10, 0.5f);
  EXPECT_EQ(Of(boxes, scores, Agnostic(0)),
            (Kept{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  // 0 is above -0.5: boxes apart suppress each other, 0/0 does not.
  const std::vector<float> apart = {0, 0, 1, 1, 5, 5, 6, 6, 3, 3, 3, 3};
  const std::vector<float> three = {0.9f, 0.8f, 0.7f};
  EXPECT_EQ(Of(apart, three, Agnostic(-0.5)), (Kept{0}));
  EXPECT_EQ(Of({3, 3, 3, 3, 3, 3, 3, 3}, {1, 1}, Agnostic(-0.5)), (Kept{0, 1}));
}

TEST(Nms, OpenCvsBoxesWithoutAreaOverlapWhereverTheyAre) {
  const std::vector<float> boxes = {3, 3, 3, 3, 7, 7, 7, 7, 0, 0, 1, 1};
  const std::vector<float> scores = {0.9f, 0.8f, 0.7f};
  EXPECT_EQ(Of(boxes, scores, Agnostic(0.5, NmsSemantics::kOpenCv)),
            (Kept{0, 2}));
}

TEST(Nms, OpenCvsThresholdAdapts) {
  // Boxes 0 and 1 apart, 2 in 0 with IoU 0.75: below 0.8, above 0.8 x 0.9.
  const std::vector<float> boxes = {0, 0, 4, 4, 9, 9, 10, 10, 0, 0, 4, 3};
  const std::vector<float> scores = {0.9f, 0.8f, 0.7f};
  NmsOptions options = Agnostic(0.8, NmsSemantics::kOpenCv);
  EXPECT_EQ(Of(boxes, scores, options), (Kept{0, 1, 2}));
  options.eta = 0.9f;
  EXPECT_EQ(Of(boxes, scores, options), (Kept{0, 1}));
}

TEST(Nms, ClassesMoveApartUpToAThousandBoxes) {
  // The largest coordinate is -2, so that a class moves by -1: boxes of classes
  // 0 and 1 share 49 of 64 + 64 - 49.
  for (const std::size_t count : {1000, 1001}) {
    std::vector<float> boxes(4 * count, -2);
    const std::vector<float> scores(count, 0.5f);
    std::vector<std::int64_t> classes(count, 0);
    for (std::size_t i = 0; i < 4; ++i) boxes[i] = boxes[4 + i] = -10;
    boxes[2] = boxes[3] = boxes[6] = boxes[7] = -2;
    classes[1] = 1;
    EXPECT_EQ(Nms(boxes, scores, classes).size(), count > 1000 ? count : 999u);
    NmsOptions options;
    options.classes = NmsClasses::kPerClass;
    EXPECT_EQ(Nms(boxes, scores, classes, options).size(), count);
    options.classes = NmsClasses::kOffset;
    EXPECT_EQ(Nms(boxes, scores, classes, options).size(), count - 1);
    options.classes = NmsClasses::kAgnostic;
    EXPECT_EQ(Nms(boxes, scores, classes, options).size(), count - 1);
  }
}

TEST(Nms, ClassIdsMayBeAnything) {
  const std::vector<float> boxes = {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1};
  const std::vector<float> scores = {0.1f, 0.2f, 0.3f};
  const std::vector<std::int64_t> classes = {
      std::numeric_limits<std::int64_t>::min(),
      std::numeric_limits<std::int64_t>::max(),
      std::numeric_limits<std::int64_t>::max()};
  NmsOptions options;
  options.classes = NmsClasses::kPerClass;
  EXPECT_EQ(Nms(boxes, scores, classes, options), (Kept{2, 0}));
}

TEST(Nms, LimitsCandidatesAndResults) {
  const std::vector<float> boxes = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
  const std::vector<float> scores = {0.3f, 0.2f, 0.1f};
  NmsOptions options = Agnostic(0.5);
  options.score_threshold = 0.1f;
  EXPECT_EQ(Of(boxes, scores, options), (Kept{0, 1}));  // not the equal one
  options.top_k = 1;
  EXPECT_EQ(Of(boxes, scores, options), (Kept{0}));
  options = Agnostic(0.5);
  options.max_kept = 2;
  EXPECT_EQ(Of(boxes, scores, options), (Kept{0, 1}));
  EXPECT_EQ(Of({}, {}, options), Kept{});
}

// All pairs, with the formula written out.
Kept AllPairs(const std::vector<float>& boxes, double threshold) {
  const auto side = [](float low, float high) {
    return std::max(0.0f, high - low);
  };
  Kept kept;
  for (std::size_t j = 0; 4 * j < boxes.size(); ++j) {
    const float* b = &boxes[4 * j];
    const bool stays = std::none_of(kept.begin(), kept.end(), [&](auto i) {
      const float* a = &boxes[4 * static_cast<std::size_t>(i)];
      const float shared = side(std::max(a[0], b[0]), std::min(a[2], b[2])) *
                           side(std::max(a[1], b[1]), std::min(a[3], b[3]));
      const float areas =
          (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
      return shared / (areas - shared) > threshold;
    });
    if (stays) kept.push_back(static_cast<std::int64_t>(j));
  }
  return kept;
}

TEST(Nms, IsThatOfAllPairsForSidesOfManySizes) {
  Random random(3);
  const std::size_t count = 1500;
  for (const double spread : {20.0, 3000.0}) {
    std::vector<float> boxes;
    for (std::size_t i = 0; i < count; ++i) {
      const double x = spread * (random.Uniform() - 0.3);
      const double y = spread * (random.Uniform() - 0.3);
      const double width = std::exp(8 * random.Uniform() - 2);
      const double height = width * std::exp(random.Uniform() - 0.5);
      for (const double corner : {x, y, x + width, y + height})
        boxes.push_back(static_cast<float>(corner));
    }
    const std::vector<float> scores(count, 0.5f);  // so in their order
    for (const double threshold : {0.0, 1e-4, 0.1, 0.3, 0.5, 0.7, 0.95})
      EXPECT_EQ(Of(boxes, scores, Agnostic(threshold)),
                AllPairs(boxes, threshold))
          << threshold;
  }
}

TEST(Nms, ThreadsChangeNothing) {
  Random random(4);
  const std::size_t count = 25000;
  std::vector<float> boxes, scores;
  std::vector<std::int64_t> classes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = static_cast<float>(100 * random.Uniform());
    const auto y = static_cast<float>(100 * random.Uniform());
    boxes.insert(boxes.end(), {x, y, x + 10, y + 10});
    scores.push_back(static_cast<float>(random.Below(50)));
    classes.push_back(static_cast<std::int64_t>(random.Below(40)));
  }
  NmsOptions options;
  options.threads = 1;
  const Kept one = Nms(boxes, scores, classes, options);
  EXPECT_GT(one.size(), 40u);
  EXPECT_LT(one.size(), count);
  options.threads = 3;
  EXPECT_EQ(Nms(boxes, scores, classes, options), one);
}

TEST(Nms, NamesWhatDoesNotFit) {
  const std::vector<float> boxes(8, 0);
  const std::vector<float> scores(2, 0);
  const std::vector<std::int64_t> classes(2, 0);
  EXPECT_THROW(Nms(std::span(boxes).first(7), scores, classes), InputError);
  EXPECT_THROW(Nms(boxes, scores, std::span(classes).first(1)), InputError);
  EXPECT_THROW(Nms(boxes, scores, {}), InputError);
  NmsOptions options;
  options.iou_threshold = std::nan("");
  EXPECT_THROW(Nms(boxes, scores, classes, options), InputError);
  options = {};
  options.top_k = -1;
  EXPECT_THROW(Nms(boxes, scores, classes, options), InputError);
  options = {};
  options.eta = 0.5f;
  EXPECT_THROW(Nms(boxes, scores, classes, options), InputError);
  options.semantics = NmsSemantics::kOpenCv;
  options.iou_threshold = -0.1;
  EXPECT_THROW(Nms(boxes, scores, classes, options), InputError);
}

}  // namespace
}  // namespace eyechart::detection
