// That losses are transformers' is tested in oracle/dense_head; here are values
// by hand and the edges.
#include "probes/detection/box_losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace eyechart::detection {
namespace {

at::Tensor Box(float x1, float y1, float x2, float y2) {
  return at::tensor({x1, y1, x2, y2});
}

double Focal(const std::vector<float>& row, std::int64_t label) {
  return FocalSum(at::tensor(row).unsqueeze(0), at::tensor({label}))
      .item<double>();
}

TEST(FocalSum, IsTheFormula) {
  // p = 1/2: -0.25 (1/2)^2 log(1/2) where it is there, 0.75 of it where not.
  const double half = std::log(2.0) / 4;
  EXPECT_NEAR(Focal({0, 0}, 0), half * (0.25 + 0.75), 1e-7);
  EXPECT_NEAR(Focal({0, 0}, kNoClass), half * 1.5, 1e-7);
  // p = 3/4 at log 3.
  EXPECT_NEAR(Focal({std::log(3.0f)}, 0), -0.25 * std::log(0.75) / 16, 1e-7);
  EXPECT_NEAR(Focal({std::log(3.0f)}, kNoClass),
              -0.75 * std::log(0.25) * 9 / 16, 1e-6);
}

TEST(FocalSum, TakesOtherExponents) {
  const FocalOptions options{0.5, 1};
  EXPECT_NEAR(
      FocalSum(at::zeros({1, 3}), at::tensor({std::int64_t{2}}), options)
          .item<double>(),
      3 * 0.5 * 0.5 * std::log(2.0), 1e-6);
}

TEST(FocalSum, IgnoredRowsHaveNoPart) {
  at::Tensor logits = at::randn({4, 3}).requires_grad_(true);
  const at::Tensor labels =
      at::tensor(std::vector<std::int64_t>{kIgnored, 1, kNoClass, kIgnored});
  const at::Tensor sum = FocalSum(logits, labels);
  const at::Tensor rows = logits.detach().narrow(0, 1, 2);
  EXPECT_NEAR(sum.item<double>(),
              FocalSum(rows, labels.narrow(0, 1, 2)).item<double>(), 1e-6);
  sum.backward();
  EXPECT_EQ(logits.grad()[0].abs().max().item<float>(), 0);
  EXPECT_EQ(logits.grad()[3].abs().max().item<float>(), 0);
  EXPECT_GT(logits.grad()[2].abs().max().item<float>(), 0);
}

TEST(FocalSum, StaysFiniteFarOut) {
  EXPECT_NEAR(Focal({200.0f}, kNoClass), 0.75 * 200, 1e-3);
  EXPECT_NEAR(Focal({-200.0f}, 0), 0.25 * 200, 1e-3);
  EXPECT_EQ(Focal({200.0f}, 0), 0);
}

TEST(FocalSum, OfNothingIsZero) {
  EXPECT_EQ(
      FocalSum(at::empty({0, 3}), at::empty({0}, at::kLong)).item<double>(), 0);
  EXPECT_EQ(Focal({1, 2}, kIgnored), 0);
}

TEST(GeneralizedIou, IsTheFormula) {
  const at::Tensor box = Box(0, 0, 4, 2);
  EXPECT_FLOAT_EQ(GeneralizedIou(box, box).item<float>(), 1);
  // Side by side, 2 apart: union 16, hull 20.
  EXPECT_FLOAT_EQ(GeneralizedIou(box, Box(6, 0, 10, 2)).item<float>(),
                  -4.0f / 20);
  // Half over each other: 4 of 12, hull 12.
  EXPECT_FLOAT_EQ(GeneralizedIou(box, Box(2, 0, 6, 2)).item<float>(), 1.0f / 3);
  EXPECT_FLOAT_EQ(Iou(box, Box(2, 0, 6, 2)).item<float>(), 1.0f / 3);
  EXPECT_FLOAT_EQ(Iou(box, Box(6, 0, 10, 2)).item<float>(), 0);
  // Corner to corner: union 16, hull 8 x 4.
  EXPECT_FLOAT_EQ(GeneralizedIou(box, Box(4, 2, 8, 4)).item<float>(), -0.5f);
}

TEST(GeneralizedIou, IsBroadcast) {
  const at::Tensor some =
      at::tensor({0.f, 0.f, 4.f, 2.f, 2.f, 0.f, 6.f, 2.f}).view({2, 4});
  const at::Tensor all = GeneralizedIou(some.unsqueeze(1), some);
  ASSERT_EQ(all.sizes(), (std::vector<std::int64_t>{2, 2}));
  EXPECT_FLOAT_EQ(all[0][0].item<float>(), 1);
  EXPECT_FLOAT_EQ(all[0][1].item<float>(), 1.0f / 3);
  EXPECT_EQ(GeneralizedIou(at::empty({0, 4}), at::empty({0, 4})).numel(), 0);
}

TEST(GeneralizedIou, OfBoxesWithoutAreaIsANumber) {
  at::Tensor point = Box(3, 3, 3, 3).requires_grad_(true);
  const at::Tensor both = GeneralizedIou(point, Box(3, 3, 3, 3));
  EXPECT_EQ(both.item<float>(), 0);
  both.backward();
  EXPECT_TRUE(point.grad().isfinite().all().item<bool>());
  // The hull of a point and a box far off is all empty.
  EXPECT_NEAR(GeneralizedIou(Box(0, 0, 0, 0), Box(9, 9, 10, 10)).item<float>(),
              -0.99f, 1e-6f);
}

TEST(L1Sum, AddsDifferences) {
  EXPECT_FLOAT_EQ(L1Sum(Box(0, 1, 2, 3), Box(1, 1, 0, 3.5)).item<float>(),
                  3.5f);
}

}  // namespace
}  // namespace eyechart::detection
