// That slopes are autograd's is tested in oracle/set_head too.
#include "probes/detection/deformable_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>

#include "probes/heads/start_values.h"

namespace eyechart::detection {
namespace {

using probes::NormalValues;

// One head on one map of 2 x 2 cells, 1 2 / 3 4, at `x`, `y`.
float At(double x, double y) {
  const at::Tensor values = at::tensor({1.f, 2.f, 3.f, 4.f}).view({1, 4, 1, 1});
  const at::Tensor locations =
      at::tensor({x, y}, at::kFloat).view({1, 1, 1, 1, 1, 2});
  const at::Tensor weights = at::tensor({1.f}).view({1, 1, 1, 1, 1});
  return SampleDeformably(values, {{2, 2}}, locations, weights).item<float>();
}

TEST(SampleDeformably, IsBilinearBetweenCentres) {
  EXPECT_FLOAT_EQ(At(0.25, 0.25), 1);
  EXPECT_FLOAT_EQ(At(0.75, 0.25), 2);
  EXPECT_FLOAT_EQ(At(0.25, 0.75), 3);
  EXPECT_FLOAT_EQ(At(0.5, 0.5), 2.5);
  EXPECT_FLOAT_EQ(At(0.5, 0.25), 1.5);
}

TEST(SampleDeformably, IsZeroOutside) {
  // At the picture's corner three of the four cells are outside.
  EXPECT_FLOAT_EQ(At(0, 0), 0.25);
  EXPECT_FLOAT_EQ(At(1, 1), 1);
  EXPECT_FLOAT_EQ(At(1, 0.75), 2);
  EXPECT_EQ(At(-0.25, 0.5), 0);
  EXPECT_EQ(At(0.5, 1.25), 0);
  EXPECT_EQ(At(1e30, 0.5), 0);
  EXPECT_EQ(At(std::numeric_limits<double>::quiet_NaN(), 0.5), 0);
}

TEST(SampleDeformably, AddsPointsAndLevelsByWeight) {
  // A map of one cell, 10, and one of two, 1 and 2; two points on each.
  const at::Tensor values = at::tensor({1.f, 2.f, 10.f}).view({1, 3, 1, 1});
  const at::Tensor locations =
      at::tensor({0.25f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.f, 0.5f})
          .view({1, 1, 1, 2, 2, 2});
  const at::Tensor weights =
      at::tensor({0.1f, 0.2f, 0.3f, 0.4f}).view({1, 1, 1, 2, 2});
  const double found =
      SampleDeformably(values, {{1, 2}, {1, 1}}, locations, weights)
          .item<double>();
  EXPECT_NEAR(found, 0.1 * 1 + 0.2 * 1.5 + 0.3 * 10 + 0.4 * 5, 1e-6);
}

// The loops against grid_sampler's float64: values and slopes, for widths with
// and without a rest after eight lanes.
TEST(SampleDeformably, LoopsAgreeWithGridSampler) {
  const std::vector<LevelSize> levels = {{5, 7}, {3, 4}};
  for (const std::int64_t width : {8, 16, 13, 3}) {
    const at::Tensor values = NormalValues({2, 47, 3, width}, 1, 1, 0);
    const at::Tensor locations =
        NormalValues({2, 6, 3, 2, 4, 2}, 0.4, 1, 1) + 0.5;
    const at::Tensor weights = NormalValues({2, 6, 3, 2, 4}, 1, 1, 2);
    const at::Tensor slope = NormalValues({2, 6, 3 * width}, 1, 1, 3);
    std::vector<std::vector<at::Tensor>> found;
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      std::vector<at::Tensor> leaves;
      for (const at::Tensor& one : {values, locations, weights})
        leaves.push_back(one.to(type).detach().clone().requires_grad_(true));
      const at::Tensor out =
          SampleDeformably(leaves[0], levels, leaves[1], leaves[2]);
      out.backward(slope.to(type));
      found.push_back(
          {out.detach(), leaves[0].grad(), leaves[1].grad(), leaves[2].grad()});
    }
    for (std::size_t i = 0; i < found[0].size(); ++i)
      EXPECT_LT((found[0][i] - found[1][i]).abs().max().item<double>(), 2e-4)
          << "width " << width << ", tensor " << i;
  }
}

}  // namespace
}  // namespace eyechart::detection
