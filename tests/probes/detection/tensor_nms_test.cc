// The part for CUDA runs on CPU tensors here.
#include "probes/detection/tensor_nms.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"

namespace eyechart::detection {
namespace {

using internal::BlockwiseNms;

std::vector<std::int64_t> ValuesOf(const at::Tensor& kept) {
  const auto* data = kept.const_data_ptr<std::int64_t>();
  return {data, data + kept.numel()};
}

NmsOptions Options(NmsClasses classes, double threshold) {
  NmsOptions options;
  options.classes = classes;
  options.iou_threshold = threshold;
  return options;
}

// Whole corners: areas and their sums are exact, however they are rounded.
at::Tensor Lattice(std::int64_t count) {
  const at::Tensor low = at::randint(12, {count, 2});
  return at::cat({low, low + at::randint(8, {count, 2})}, 1).to(at::kFloat);
}

TEST(BlockwiseNms, IsTheCpusWhereRoundingPlaysNoPart) {
  for (const std::int64_t count : {1, 63, 64, 65, 400}) {
    const at::Tensor boxes = Lattice(count);
    const at::Tensor scores = at::randint(5, {count}).to(at::kFloat);
    const at::Tensor classes = at::randint(3, {count}, at::kLong);
    for (const NmsClasses method :
         {NmsClasses::kOffset, NmsClasses::kPerClass, NmsClasses::kAgnostic})
      for (const double threshold : {0.0, 0.25, 0.5, 0.55})
        for (const std::int64_t block : {7, 64, 100, 1024}) {
          NmsOptions options = Options(method, threshold);
          EXPECT_EQ(
              ValuesOf(BlockwiseNms(boxes, scores, classes, options, block)),
              ValuesOf(TensorNms(boxes, scores, classes, options)));
          options.score_threshold = 1;
          options.top_k = 90;
          options.max_kept = 20;
          EXPECT_EQ(
              ValuesOf(BlockwiseNms(boxes, scores, classes, options, block)),
              ValuesOf(TensorNms(boxes, scores, classes, options)));
        }
  }
}

// torchvision's kernel, pair by pair: FMUL for the better box's area, FFMA for
// the other's, FMUL, FADD, a division and a comparison of float32.
std::vector<std::int64_t> Fused(const at::Tensor& boxes, float threshold) {
  const auto* rows = boxes.const_data_ptr<float>();
  const auto side = [](float low, float high) {
    return std::max(0.0f, high - low);
  };
  std::vector<std::int64_t> kept;
  for (std::int64_t j = 0; j < boxes.size(0); ++j) {
    const float* b = rows + 4 * j;
    const bool stays = std::none_of(kept.begin(), kept.end(), [&](auto i) {
      const float* a = rows + 4 * i;
      const float shared = side(std::max(a[0], b[0]), std::min(a[2], b[2])) *
                           side(std::max(a[1], b[1]), std::min(a[3], b[3]));
      const float area = (a[2] - a[0]) * (a[3] - a[1]);
      const float areas = std::fma(b[2] - b[0], b[3] - b[1], area);
      return shared / (areas - shared) > threshold;
    });
    if (stays) kept.push_back(j);
  }
  return kept;
}

TEST(BlockwiseNms, RoundsAsTorchvisionsKernel) {
  // One box and what it shares with others a float32 apart, the widest first,
  // so that IoUs fall through the threshold: the first that stays tells where.
  const std::int64_t count = 400;
  int differ = 0;
  for (int run = 0; run < 60; ++run) {
    const at::Tensor low = at::rand({2}) * 3;
    const at::Tensor side = at::rand({2}) + 1;
    const at::Tensor better = at::cat({low, low + side}).view({1, 4});
    at::Tensor boxes = better.repeat({count, 1});
    const float width = side[0].item<float>();
    for (std::int64_t i = 1; i < count; ++i)
      boxes[i][2] = low[0].item<float>() + width * 0.5f +
                    static_cast<float>(count / 2 - i) * 1.2e-7f;
    const at::Tensor scores = at::arange(count, 0, -1).to(at::kFloat);
    const NmsOptions options = Options(NmsClasses::kAgnostic, 0.5);
    const auto found = ValuesOf(BlockwiseNms(boxes, scores, {}, options, 64));
    EXPECT_EQ(found, Fused(boxes, 0.5f));
    if (found != ValuesOf(TensorNms(boxes, scores, {}, options))) ++differ;
  }
  // The rounding is seen: without it the comparison would say nothing.
  EXPECT_GT(differ, 0);
}

TEST(BlockwiseNms, ThresholdIsFloat32) {
  // IoU 3/5, in float32 0.6f, which is above 0.6.
  const at::Tensor boxes =
      at::tensor({0.f, 0.f, 5.f, 1.f, 0.f, 0.f, 3.f, 1.f}).view({2, 4});
  const at::Tensor scores = at::tensor({1.f, 0.5f});
  const NmsOptions options = Options(NmsClasses::kAgnostic, 0.6);
  EXPECT_EQ(TensorNms(boxes, scores, {}, options).numel(), 1);
  EXPECT_EQ(BlockwiseNms(boxes, scores, {}, options).numel(), 2);
}

TEST(BlockwiseNms, MovesClassesApartUpToAHundredThousandCoordinates) {
  // As in nms_test.cc: the largest coordinate is -2, a class moves by -1.
  for (const std::int64_t count : {25'000, 25'001}) {
    at::Tensor boxes = at::ones({count, 4}) * -2;
    boxes.narrow(1, 0, 2).fill_(-10);
    at::Tensor classes = at::zeros({count}, at::kLong);
    classes[1] = 1;
    const at::Tensor scores = at::arange(count, 0, -1).to(at::kFloat);
    EXPECT_EQ(BlockwiseNms(boxes, scores, classes,
                           Options(NmsClasses::kAuto, 0.5), 256)
                  .numel(),
              count > 25'000 ? 2 : 1);
  }
}

TEST(BlockwiseNms, WhatIsNotANumberSuppressesNothing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor boxes =
      at::tensor({3.f, 3.f, 3.f, 3.f, 3.f,       3.f, 3.f, 3.f,
                  nan, 0.f, 9.f, 9.f, -infinity, 0.f, 9.f, 9.f,
                  0.f, 0.f, 9.f, 9.f, 0.f,       0.f, 9.f, 9.f})
          .view({6, 4});
  const at::Tensor scores = at::tensor({nan, 1.f, 1.f, nan, 1.f, 0.f});
  EXPECT_EQ(ValuesOf(BlockwiseNms(boxes, scores, {},
                                  Options(NmsClasses::kAgnostic, 0.1))),
            (std::vector<std::int64_t>{0, 3, 1, 2, 4}));
}

TEST(TensorNms, TakesStridesAndNothing) {
  const at::Tensor boxes = Lattice(50);
  const at::Tensor scores = at::rand({50});
  const NmsOptions options = Options(NmsClasses::kAgnostic, 0.3);
  EXPECT_EQ(
      ValuesOf(TensorNms(boxes.t().contiguous().t(), scores, {}, options)),
      ValuesOf(TensorNms(boxes, scores, {}, options)));
  EXPECT_EQ(
      TensorNms(boxes.narrow(0, 0, 0), scores.narrow(0, 0, 0), {}, options)
          .numel(),
      0);
  EXPECT_EQ(
      BlockwiseNms(boxes.narrow(0, 0, 0), scores.narrow(0, 0, 0), {}, options)
          .numel(),
      0);
}

std::string ErrorOf(const at::Tensor& boxes,
                    const at::Tensor& scores,
                    const at::Tensor& classes) {
  try {
    TensorNms(boxes, scores, classes);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(TensorNms, NamesWhatDoesNotFit) {
  const at::Tensor boxes = at::zeros({2, 4});
  const at::Tensor scores = at::zeros({2});
  const at::Tensor classes = at::zeros({2}, at::kLong);
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(ErrorOf(boxes.view({8}), scores, classes), "(N, 4) is due");
  has(ErrorOf(boxes, at::zeros({3}), classes), "one each is due");
  has(ErrorOf(boxes.to(at::kDouble), scores, classes), "float32 is due");
  has(ErrorOf(boxes, scores, scores), "one int64 each");
  has(ErrorOf(boxes, scores, {}), "one int64 each");
  const auto meta = at::TensorOptions().device(at::kMeta);
  has(ErrorOf(at::empty({2, 4}, meta), at::empty({2}, meta),
              at::empty({2}, meta.dtype(at::kLong))),
      "the CPU or CUDA is due");
  has(ErrorOf(at::empty({2, 4}, meta), scores, classes), "one device is due");
}

}  // namespace
}  // namespace eyechart::detection
