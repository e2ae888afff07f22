// That a step is that of the published head is tested in oracle/dense_head;
// here is what a head owes whoever trains it.
#include "probes/detection/dense_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "probes/detection/ema.h"
#include "probes/detection/head_optimizer.h"
#include "tests/fixture.h"
#include "tests/probes/detection/made_maps.h"

namespace eyechart::detection {
namespace {

DenseHeadOptions Options(std::int64_t width = 32) {
  DenseHeadOptions options;
  options.pyramid.maps = {{kMadeWidth, kMadeStride}};
  options.pyramid.width = width;
  options.pyramid.seed = 11;
  options.classes = kMadeClasses;
  return options;
}

BoxTargets NoBoxes() { return {at::zeros({0, 4}), at::zeros({0}, at::kLong)}; }

at::Tensor SumOf(const std::vector<LossTerm>& terms) {
  at::Tensor sum = terms[0].value;
  for (std::size_t i = 1; i < terms.size(); ++i) sum = sum + terms[i].value;
  return sum;
}

TEST(DenseHead, LearnsWhatTheMapsHold) {
  DenseHeadOptions options = Options();
  options.tower = 1;
  const auto head = CreateDenseHead(options);
  const MadePictures test = MakePictures(40, 12, 2);
  DetectOptions detect;
  detect.most = 20;
  // Boxes of any score: those of a head that knows nothing.
  EXPECT_LT(ScoreFound(head->Detect({test.map}, detect), test.targets).recall,
            0.3);
  const std::int64_t steps = 150;
  HeadOptimizerOptions optimizing;
  optimizing.rate = 3e-3;
  optimizing.schedule = {steps, 10, 0};
  HeadOptimizer optimizer(optimizing);
  optimizer.Add(head->Parameters());
  MovingAverage average(head->Parameters(), {0.95, true});
  for (std::int64_t step = 0; step < steps; ++step) {
    const MadePictures batch =
        MakePictures(8, 12, 1000 + static_cast<std::uint64_t>(step));
    SumOf(head->Losses({batch.map}, batch.targets, 0)).backward();
    optimizer.Step(step);
    average.Update();
  }
  detect.min_score = 0.3;
  const auto score = [&] {
    return ScoreFound(head->Detect({test.map}, detect), test.targets);
  };
  EXPECT_GE(score().recall, 0.9);
  EXPECT_GE(score().precision, 0.9);
  const AveragedWeights stand_in(average);
  EXPECT_GE(score().recall, 0.9);
  EXPECT_GE(score().precision, 0.9);
}

TEST(DenseHead, GradientsReachEveryParameter) {
  DenseHeadOptions options = Options(64);
  const auto head = CreateDenseHead(options);
  // Boxes for all three levels.
  const MadePictures made = MakePictures(4, 24, 3);
  std::vector<BoxTargets> targets = made.targets;
  targets[0] = {at::tensor({0.f, 0.f, 200.f, 200.f, 20.f, 20.f, 380.f, 380.f})
                    .view({2, 4}),
                at::tensor({std::int64_t{0}, std::int64_t{2}})};
  SumOf(head->Losses({made.map}, targets, 0)).backward();
  for (const auto& [name, tensor] : head->Parameters()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_TRUE(tensor.grad().isfinite().all().item<bool>()) << name;
    EXPECT_GT(tensor.grad().abs().max().item<float>(), 0) << name;
    if (name == "scale") {
      EXPECT_GT(tensor.grad().abs().min().item<float>(), 0);
    }
  }
}

TEST(DenseHead, StartsFromThePrior) {
  const auto head = CreateDenseHead(Options());
  const auto terms = head->Losses({at::randn({2, kMadeWidth, 6, 6})},
                                  {NoBoxes(), NoBoxes()}, 0);
  ASSERT_EQ(terms.size(), 3u);
  // All cells and classes near p = 0.01: 0.75 p^2 (-log(1 - p)) each.
  const double cells = 2 * (144 + 36 + 9) * kMadeClasses;
  const double each = 0.75 * 1e-4 * -std::log(0.99);
  EXPECT_EQ(terms[0].name, "class");
  EXPECT_NEAR(terms[0].value.item<double>(), cells * each, 0.5 * cells * each);
  EXPECT_EQ(terms[1].value.item<double>(), 0);
  EXPECT_EQ(terms[2].value.item<double>(), 0);
}

TEST(DenseHead, ABatchWithoutBoxesIsALesson) {
  const auto head = CreateDenseHead(Options());
  SumOf(head->Losses({at::randn({2, kMadeWidth, 6, 6})}, {NoBoxes(), NoBoxes()},
                     0))
      .backward();
  for (const auto& [name, tensor] : head->Parameters()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_TRUE(tensor.grad().isfinite().all().item<bool>()) << name;
  }
}

TEST(DenseHead, PicturesOfABatchDoNotMeet) {
  const auto head = CreateDenseHead(Options());
  const MadePictures made = MakePictures(3, 8, 4);
  const DetectOptions detect{0.05, 50};
  const auto together = head->Detect({made.map}, detect);
  const auto alone = head->Detect({made.map.narrow(0, 1, 1)}, detect);
  EXPECT_LT((together[1].scores - alone[0].scores).abs().max().item<float>(),
            1e-5);
}

TEST(DenseHead, SaysBoxesInOrderInsideThePicture) {
  const auto head = CreateDenseHead(Options());
  const at::Tensor map = at::randn({2, kMadeWidth, 7, 5});
  const auto found = head->Detect({map}, {0.0, 100});
  ASSERT_EQ(found.size(), 2u);
  for (const FoundBoxes& boxes : found) {
    ASSERT_EQ(boxes.scores.size(0), 100);
    ASSERT_EQ(boxes.corners.sizes(), (std::vector<std::int64_t>{100, 4}));
    EXPECT_FALSE(boxes.corners.requires_grad());
    const at::Tensor falls =
        boxes.scores.narrow(0, 0, 99) >= boxes.scores.narrow(0, 1, 99);
    EXPECT_TRUE(falls.all().item<bool>());
    EXPECT_GE(boxes.corners.min().item<float>(), 0);
    EXPECT_LE(boxes.corners.select(1, 2).max().item<float>(), 5 * 16);
    EXPECT_LE(boxes.corners.select(1, 3).max().item<float>(), 7 * 16);
    EXPECT_GT(boxes.corners.select(1, 3).max().item<float>(), 6 * 16);
    EXPECT_TRUE((boxes.corners.narrow(1, 2, 2) > boxes.corners.narrow(1, 0, 2))
                    .all()
                    .item<bool>());
    EXPECT_LT(boxes.classes.max().item<std::int64_t>(), kMadeClasses);
  }
  // 14 x 10, 7 x 5 and 4 x 3 cells.
  EXPECT_EQ(head->Detect({map}, {0.0, 5000})[0].scores.size(0),
            (140 + 35 + 12) * kMadeClasses);
  EXPECT_EQ(head->Detect({map}, {0.9, 100})[0].corners.sizes(),
            (std::vector<std::int64_t>{0, 4}));
}

TEST(DenseHead, EqualScoresGoByCell) {
  const auto head = CreateDenseHead(Options());
  const at::NoGradGuard frozen;
  for (const auto& [name, tensor] : head->Parameters())
    if (name.starts_with("class.") || name.starts_with("centreness."))
      tensor.zero_();
  const auto found =
      head->Detect({at::randn({1, kMadeWidth, 4, 4})}, {0.4, 7})[0];
  EXPECT_FLOAT_EQ(found.scores[6].item<float>(), 0.5f);
  for (std::int64_t i = 0; i < 7; ++i)
    EXPECT_EQ(found.classes[i].item<std::int64_t>(), i % kMadeClasses);
}

TEST(DenseHead, NumbersGoneWrongAreNoBoxes) {
  const auto head = CreateDenseHead(Options());
  const at::Tensor map = at::randn({1, kMadeWidth, 4, 4});
  map[0][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  const auto found = head->Detect({map}, {0.0, 1000})[0];
  EXPECT_TRUE(found.scores.isfinite().all().item<bool>());
}

TEST(DenseHead, RefusesWhatDoesNotFit) {
  DenseHeadOptions options = Options(48);
  EXPECT_NE(testing::InputErrorOf([&] { CreateDenseHead(options); }).find("48"),
            std::string::npos);
  options = Options();
  options.classes = 0;
  EXPECT_THROW(CreateDenseHead(options), std::logic_error);
  const auto head = CreateDenseHead(Options());
  EXPECT_THROW(head->Losses({at::randn({2, kMadeWidth, 4, 4})}, {NoBoxes()}, 0),
               std::logic_error);
  BoxTargets wrong{at::zeros({1, 4}), at::zeros({2}, at::kLong)};
  EXPECT_THROW(head->Losses({at::randn({1, kMadeWidth, 4, 4})}, {wrong}, 0),
               std::logic_error);
}

}  // namespace
}  // namespace eyechart::detection
