// One training step against a PyTorch transcription is in oracle/set_head.
#include "probes/detection/set_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "probes/detection/box_losses.h"
#include "probes/detection/head_optimizer.h"
#include "probes/heads/start_values.h"

namespace eyechart::detection {
namespace {

constexpr std::int64_t kWidth = 12;
constexpr int kStride = 16;

SetHeadOptions Options() {
  SetHeadOptions options;
  options.pyramid.maps = {{kWidth, kStride}};
  options.pyramid.width = 32;
  options.pyramid.seed = 5;
  options.model.classes = 2;
  options.model.queries = 20;
  options.denoising.queries = 6;
  options.model.layers = 2;
  options.model.decoder.heads = 4;
  options.model.decoder.hidden = 64;
  return options;
}

BoxTargets NoBoxes() { return {at::zeros({0, 4}), at::zeros({0}, at::kLong)}; }

double Sum(const std::vector<LossTerm>& terms) {
  double sum = 0;
  for (const LossTerm& term : terms) sum += term.value.item<double>();
  return sum;
}

struct Scenes {
  at::Tensor map;  // (B, kWidth, n, n)
  std::vector<BoxTargets> targets;
};

// Pictures of `n` x `n` cells with up to two objects of whole cells. Cells of
// an object of class k have 1 in channel k, others noise; nothing else tells
// where it ends.
Scenes MakeScenes(std::int64_t pictures, std::int64_t n, std::uint64_t seed) {
  Scenes made;
  made.map = probes::NormalValues({pictures, kWidth, n, n}, 0.1, seed, 0);
  Random random(seed, 1);
  for (std::int64_t i = 0; i < pictures; ++i) {
    std::vector<float> corners;
    std::vector<std::int64_t> classes;
    for (std::uint64_t half = 0; half < 2; ++half) {
      if (i % 3 == 2 && half == 1) continue;
      const auto k = static_cast<std::int64_t>(random.Below(2));
      const auto w = static_cast<std::int64_t>(1 + random.Below(3));
      const auto h = static_cast<std::int64_t>(1 + random.Below(3));
      // One in the upper half, one in the lower.
      const auto x = static_cast<std::int64_t>(
          random.Below(static_cast<std::uint64_t>(n - w + 1)));
      const auto y = static_cast<std::int64_t>(half) * (n / 2);
      made.map[i][k].narrow(0, y, h).narrow(1, x, w) += 2;
      for (const std::int64_t edge : {x, y, x + w, y + h})
        corners.push_back(static_cast<float>(edge * kStride));
      classes.push_back(k);
    }
    made.targets.push_back(
        {at::tensor(corners).view({-1, 4}), at::tensor(classes, at::kLong)});
  }
  return made;
}

// The share of objects that the n highest boxes of a picture with n objects
// find: right class, more than half in common.
double Found(const DetectionHead& head, const Scenes& scenes) {
  const std::vector<FoundBoxes> said = head.Detect({scenes.map}, {});
  std::int64_t found = 0;
  std::int64_t objects = 0;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const BoxTargets& targets = scenes.targets[i];
    const std::int64_t n =
        std::min(targets.classes.size(0), said[i].scores.size(0));
    objects += targets.classes.size(0);
    if (n == 0) continue;
    const at::Tensor overlap =
        Iou(targets.corners.unsqueeze(1), said[i].corners.narrow(0, 0, n)) *
        (targets.classes.unsqueeze(1) == said[i].classes.narrow(0, 0, n));
    found += (std::get<0>(overlap.max(1)) > 0.5).sum().item<std::int64_t>();
  }
  return static_cast<double>(found) / static_cast<double>(objects);
}

TEST(SetHead, LearnsWhereObjectsAre) {
  const auto head = CreateSetHead(Options());
  EXPECT_FALSE(head->needs_nms());
  const Scenes scenes = MakeScenes(64, 8, 1);
  const Scenes others = MakeScenes(24, 8, 2);
  HeadOptimizerOptions training;
  training.rate = 2e-3;
  training.clip = 1;
  training.schedule.steps = 240;
  training.schedule.warmup = 10;
  HeadOptimizer optimizer(training);
  optimizer.Add(head->Parameters());
  const double untrained = Found(*head, others);
  double first = 0;
  double last = 0;
  for (std::int64_t step = 0; step < training.schedule.steps; ++step) {
    const std::int64_t begin = 16 * (step % 4);
    const std::vector<BoxTargets> targets(scenes.targets.begin() + begin,
                                          scenes.targets.begin() + begin + 16);
    const auto terms =
        head->Losses({scenes.map.narrow(0, begin, 16)}, targets, 0);
    at::Tensor sum = at::zeros({});
    for (const LossTerm& term : terms) sum = sum + term.value;
    sum.backward();
    optimizer.Step(step);
    last = sum.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, 0.5 * first);
  EXPECT_LT(untrained, 0.3);
  // Many more than an untrained head's, in pictures that it has not seen.
  EXPECT_GT(Found(*head, others), 0.5);
}

TEST(SetHead, SaysTheSameTwice) {
  const auto one = CreateSetHead(Options());
  const auto two = CreateSetHead(Options());
  const Scenes scenes = MakeScenes(2, 6, 3);
  const auto first = one->Losses({scenes.map}, scenes.targets, 0);
  const auto second = two->Losses({scenes.map}, scenes.targets, 0);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].name, second[i].name);
    EXPECT_EQ(first[i].value.item<float>(), second[i].value.item<float>());
  }
  EXPECT_TRUE(one->Detect({scenes.map}, {})[1].corners.equal(
      two->Detect({scenes.map}, {})[1].corners));
}

TEST(SetHead, EveryParameterLearns) {
  const auto head = CreateSetHead(Options());
  const Scenes scenes = MakeScenes(4, 8, 4);
  // Zero layers keep slopes from what lies before them in the first step.
  HeadOptimizer optimizer({1e-3, 0, 0, {3, 0, 0}, {}});
  NamedTensors all = head->Parameters();
  const NamedTensors beside = head->TrainingParameters();
  ASSERT_EQ(beside.size(), 1);
  all.insert(all.end(), beside.begin(), beside.end());
  optimizer.Add(all);
  for (std::int64_t step = 0; step < 3; ++step) {
    for (const LossTerm& term : head->Losses({scenes.map}, scenes.targets, 0))
      term.value.backward({}, /*keep_graph=*/true);
    if (step < 2) optimizer.Step(step);
  }
  for (const auto& [name, tensor] : all) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_GT(tensor.grad().abs().max().item<double>(), 0) << name;
  }
}

TEST(SetHead, DrawsNoiseAnewForEachBatch) {
  const auto head = CreateSetHead(Options());
  const Scenes scenes = MakeScenes(4, 8, 4);
  const auto term_of = [&](std::uint64_t draw, std::size_t term) {
    return head->Losses({scenes.map}, scenes.targets, draw)[term]
        .value.item<double>();
  };
  EXPECT_EQ(term_of(3, 5), term_of(3, 5));
  EXPECT_NE(term_of(3, 5), term_of(4, 5));
  // The other queries do not see the noisy ones.
  for (std::size_t term = 0; term < 5; ++term)
    EXPECT_EQ(term_of(3, term), term_of(4, term)) << term;
}

TEST(SetHead, LearnsWithoutDenoising) {
  SetHeadOptions options = Options();
  const Scenes scenes = MakeScenes(2, 6, 3);
  const auto with = CreateSetHead(options);
  options.denoising.queries = 0;
  const auto without = CreateSetHead(options);
  EXPECT_TRUE(without->TrainingParameters().empty());
  const auto some = without->Losses({scenes.map}, scenes.targets, 0);
  const auto all = with->Losses({scenes.map}, scenes.targets, 0);
  ASSERT_EQ(some.size(), 5);
  // As far as sums in another order go.
  for (std::size_t i = 0; i < some.size(); ++i)
    EXPECT_NEAR(some[i].value.item<double>(), all[i].value.item<double>(), 1e-4)
        << some[i].name;
}

TEST(SetHead, TakesPicturesWithoutBoxes) {
  const auto head = CreateSetHead(Options());
  const at::Tensor map = probes::NormalValues({2, kWidth, 5, 5}, 1, 1, 0);
  const auto terms = head->Losses({map}, {NoBoxes(), NoBoxes()}, 0);
  ASSERT_EQ(terms.size(), 6);
  EXPECT_EQ(terms[5].name, "denoising");
  EXPECT_EQ(terms[5].value.item<double>(), 0);
  EXPECT_EQ(terms[1].name, "l1");
  EXPECT_EQ(terms[1].value.item<double>(), 0);
  EXPECT_TRUE(std::isfinite(Sum(terms)));
  EXPECT_GT(terms[0].value.item<double>(), 0);
}

TEST(SetHead, LeavesIgnoredBoxesOut) {
  const auto head = CreateSetHead(Options());
  const at::Tensor map = probes::NormalValues({1, kWidth, 5, 5}, 1, 1, 0);
  const at::Tensor corners =
      at::tensor({8.f, 8.f, 40.f, 40.f, 0.f, 0.f, 80.f, 80.f}).view({2, 4});
  const double both = Sum(head->Losses(
      {map}, {{corners, at::tensor({std::int64_t{1}, kIgnored}, at::kLong)}},
      0));
  const double one = Sum(head->Losses(
      {map}, {{corners.narrow(0, 0, 1), at::tensor({1}, at::kLong)}}, 0));
  EXPECT_EQ(both, one);
}

TEST(SetHead, TakesFewerCellsThanQueriesAndOddSizes) {
  const auto head = CreateSetHead(Options());
  for (const auto& [h, w] : {std::pair{1, 1}, {1, 2}, {3, 5}, {7, 2}}) {
    const at::Tensor map = probes::NormalValues({2, kWidth, h, w}, 1, 1, 0);
    const BoxTargets box = {at::tensor({1.f, 2.f, 12.f, 9.f}).view({1, 4}),
                            at::tensor({1}, at::kLong)};
    EXPECT_TRUE(std::isfinite(Sum(head->Losses({map}, {box, NoBoxes()}, 0))));
    const std::vector<FoundBoxes> found = head->Detect({map}, {0, 1000});
    ASSERT_EQ(found.size(), 2);
    // Cells of strides 8, 16 and 32, or the queries where those are fewer.
    const std::int64_t cells = 5 * h * w + ((h + 1) / 2) * ((w + 1) / 2);
    EXPECT_EQ(found[0].scores.size(0), std::min<std::int64_t>(20, cells));
    const at::Tensor& corners = found[0].corners;
    EXPECT_GE(corners.min().item<double>(), 0);
    EXPECT_LE(corners.select(1, 2).max().item<double>(), w * kStride);
    EXPECT_LE(corners.select(1, 3).max().item<double>(), h * kStride);
    EXPECT_LE(found[0].classes.max().item<std::int64_t>(), 1);
  }
}

TEST(SetHead, TakesMoreBoxesThanQueries) {
  SetHeadOptions options = Options();
  options.model.queries = 3;
  const auto head = CreateSetHead(options);
  const at::Tensor map = probes::NormalValues({1, kWidth, 6, 6}, 1, 1, 0);
  std::vector<float> corners;
  for (int i = 0; i < 8; ++i)
    for (const int edge : {8 * i, 8 * i, 8 * i + 20, 8 * i + 30})
      corners.push_back(static_cast<float>(edge));
  EXPECT_TRUE(std::isfinite(Sum(head->Losses(
      {map}, {{at::tensor(corners).view({8, 4}), at::zeros({8}, at::kLong)}},
      0))));
}

TEST(SetHead, DetectKeepsTheHighest) {
  const auto head = CreateSetHead(Options());
  const at::Tensor map = probes::NormalValues({1, kWidth, 6, 6}, 1, 1, 0);
  const FoundBoxes all = head->Detect({map}, {0, 1000})[0];
  ASSERT_EQ(all.scores.size(0), 20);
  EXPECT_TRUE((all.scores.narrow(0, 0, 19) >= all.scores.narrow(0, 1, 19))
                  .all()
                  .item<bool>());
  EXPECT_EQ(head->Detect({map}, {0, 7})[0].scores.size(0), 7);
  const double least = all.scores[4].item<double>();
  EXPECT_EQ(head->Detect({map}, {least, 1000})[0].scores.size(0), 5);
  EXPECT_EQ(head->Detect({map}, {1.1, 1000})[0].corners.sizes(),
            (at::IntArrayRef{0, 4}));
}

TEST(SetHead, RefusesWhatIsNoBox) {
  const auto head = CreateSetHead(Options());
  const at::Tensor map = probes::NormalValues({2, kWidth, 4, 4}, 1, 1, 0);
  const at::Tensor one = at::tensor({1}, at::kLong);
  const auto losses = [&](std::vector<float> corners, std::int64_t k) {
    return head->Losses(
        {map},
        {NoBoxes(),
         {at::tensor(corners).view({1, 4}), at::tensor({k}, at::kLong)}},
        0);
  };
  EXPECT_NO_THROW(losses({1, 1, 9, 9}, 1));
  EXPECT_THROW(losses({1, 1, 9, 9}, 2), InputError);
  EXPECT_THROW(losses({9, 1, 1, 9}, 1), InputError);
  try {
    losses({1, 1, NAN, 9}, 1);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("picture 1 of the batch, box 0"),
              std::string::npos);
  }
  SetHeadOptions options = Options();
  options.model.decoder.heads = 5;
  EXPECT_THROW(CreateSetHead(options), InputError);
}

}  // namespace
}  // namespace eyechart::detection
