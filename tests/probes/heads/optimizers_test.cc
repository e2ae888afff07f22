// That updates are PyTorch's is tested in oracle/heads.
#include "probes/heads/optimizers.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "probes/heads/schedule.h"

namespace eyechart::probes {
namespace {

TEST(SgdStep, EachHeadHasItsRate) {
  StackedSlope stack{at::zeros({2, 3}), at::ones({2, 3})};
  at::Tensor velocity = at::zeros({2, 3});
  const std::vector<double> rates = {0.5, 2};
  SgdStep(stack, velocity, rates, 0.9);
  SgdStep(stack, velocity, rates, 0.9);
  // Velocities 1 and 1.9.
  EXPECT_FLOAT_EQ(stack.values[0][2].item<float>(), -0.5f * 2.9f);
  EXPECT_FLOAT_EQ(stack.values[1][0].item<float>(), -2 * 2.9f);
}

TEST(AdamWStep, TheFirstStepIsTheRateBySign) {
  StackedSlope stack{at::ones({2, 2}),
                     at::tensor({4.f, -0.1f, 1e-3f, -7.f}).view({2, 2})};
  at::Tensor first = at::zeros({2, 2});
  at::Tensor second = at::zeros({2, 2});
  AdamWStep(stack, first, second, std::vector<double>{0.1, 0.2},
            std::vector<double>{0, 0.5}, {}, 0);
  EXPECT_NEAR(stack.values[0][0].item<double>(), 0.9, 1e-6);
  EXPECT_NEAR(stack.values[0][1].item<double>(), 1.1, 1e-6);
  // Decayed by 0.2 x 0.5 first.
  EXPECT_NEAR(stack.values[1][0].item<double>(), 0.9 - 0.2, 1e-5);
  EXPECT_NEAR(stack.values[1][1].item<double>(), 0.9 + 0.2, 1e-6);
}

TEST(ClipScales, IsOfAHeadsParametersTogether) {
  const std::vector<StackedSlope> stacks = {
      {at::zeros({2, 1}), at::tensor({3.f, 0.3f}).view({2, 1})},
      {at::zeros({2, 1}), at::tensor({4.f, 0.4f}).view({2, 1})}};
  const std::vector<double> scales = ClipScales(stacks, 2);
  EXPECT_NEAR(scales[0], 2 / 5.0, 1e-6);
  EXPECT_EQ(scales[1], 1);
}

TEST(RateAt, RisesAndFalls) {
  const Schedule schedule{110, 10, 0.1};
  EXPECT_DOUBLE_EQ(RateAt(schedule, 1.1, 0), 0.1);
  EXPECT_DOUBLE_EQ(RateAt(schedule, 1.1, 9), 1.0);
  EXPECT_DOUBLE_EQ(RateAt(schedule, 1.1, 10), 1.1);
  EXPECT_DOUBLE_EQ(RateAt(schedule, 1.1, 60), 0.6);
  EXPECT_GT(RateAt(schedule, 1.1, 109), 0.1);
  EXPECT_LT(RateAt(schedule, 1.1, 109), 0.101);
  EXPECT_THROW(RateAt(schedule, 1.1, 110), std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
