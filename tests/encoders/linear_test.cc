#include "encoders/linear.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <gtest/gtest.h>

#include "encoders/transformer.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

// Double precision, one operation at a time: what the fused kernels must equal.
at::Tensor Reference(const at::Tensor& x,
                     const at::Tensor& weight,
                     const at::Tensor& bias,
                     Activation activation) {
  const at::Tensor y = at::linear(x.to(at::kDouble), weight.to(at::kDouble),
                                  bias.to(at::kDouble));
  switch (activation) {
    case Activation::kNone:
      return y;
    case Activation::kGelu:
      return y * 0.5 * (1 + (y * 0.70710678118654752440).erf());
    case Activation::kGeluTanh:
      return y * 0.5 *
             (1 + (0.79788456080286535588 * (y + 0.044715 * y.pow(3))).tanh());
    case Activation::kQuickGelu:
      return y * at::sigmoid(1.702 * y);
    case Activation::kSilu:
      return y * at::sigmoid(y);
    case Activation::kRelu:
      return y.clamp_min(0);
  }
  return y;
}

double Difference(const at::Tensor& ours, const at::Tensor& reference) {
  return ((ours.to(at::kDouble) - reference).abs().max() /
          reference.abs().max())
      .item<double>();
}

class LinearTest : public ::testing::TestWithParam<Activation> {};

TEST_P(LinearTest, EqualsTheFormula) {
  const at::Tensor weight = at::randn({33, 17});
  const at::Tensor bias = at::randn({33});
  const at::Tensor x = at::randn({3, 5, 17});
  const Linear linear(weight, bias, Placement{}, GetParam());
  EXPECT_LT(
      Difference(linear.Forward(x), Reference(x, weight, bias, GetParam())),
      2e-6);
}

TEST_P(LinearTest, MlpAddsTheResidual) {
  const at::Tensor up = at::randn({33, 17});
  const at::Tensor up_bias = at::randn({33});
  const at::Tensor down = at::randn({17, 33});
  const at::Tensor down_bias = at::randn({17});
  const at::Tensor x = at::randn({3, 5, 17});
  const at::Tensor residual = at::randn({3, 5, 17});
  const Mlp mlp(up, up_bias, down, down_bias, GetParam(), /*gated=*/false,
                Placement{});
  const at::Tensor hidden = Reference(x, up, up_bias, GetParam());
  const at::Tensor expected =
      residual + Reference(hidden, down, down_bias, Activation::kNone);
  EXPECT_LT(Difference(mlp.ForwardAdd(x, residual), expected), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Activations,
                         LinearTest,
                         ::testing::Values(Activation::kNone,
                                           Activation::kGelu,
                                           Activation::kGeluTanh,
                                           Activation::kQuickGelu,
                                           Activation::kSilu,
                                           Activation::kRelu));

TEST(ParseActivationTest, ListsTheKnown) {
  EXPECT_EQ(ParseActivation("quick_gelu", "x"), Activation::kQuickGelu);
  const std::string error = eyechart::testing::InputErrorOf(
      [] { ParseActivation("mish", "config.json"); });
  EXPECT_NE(error.find("config.json"), std::string::npos);
  EXPECT_NE(error.find("quick_gelu"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
