#include "encoders/packed_product.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "encoders/packed_kernels.h"
#include "encoders/packed_mlp.h"

namespace eyechart::encoders {
namespace {

// Double precision, by the formulas.
at::Tensor Activated(const at::Tensor& y, Activation activation) {
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

at::Tensor Sums(const at::Tensor& x,
                const at::Tensor& weight,
                const at::Tensor& bias) {
  return at::linear(x.to(at::kDouble), weight.to(at::kDouble),
                    bias.to(at::kDouble));
}

double Difference(const at::Tensor& ours, const at::Tensor& reference) {
  return ((ours.to(at::kDouble) - reference).abs().max() /
          reference.abs().max())
      .item<double>();
}

class WithThreads {
 public:
  explicit WithThreads(int threads) : before_(at::get_num_threads()) {
    at::set_num_threads(threads);
  }
  ~WithThreads() { at::set_num_threads(before_); }

 private:
  int before_;
};

class PackedProductTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!internal::HasTileKernels())
      GTEST_SKIP() << "this processor has no AVX2 and FMA";
    at::manual_seed(1);
  }
};

using Shape = std::tuple<std::int64_t, std::int64_t, std::int64_t>;

class PackedShapeTest : public PackedProductTest,
                        public ::testing::WithParamInterface<Shape> {};

TEST_P(PackedShapeTest, EqualsDoublePrecision) {
  const auto [rows, in, out] = GetParam();
  const at::Tensor weight = at::randn({out, in});
  const at::Tensor bias = at::randn({out});
  const at::Tensor x = at::randn({rows, in});
  const at::Tensor residual = at::randn({rows, out});
  const PackedProduct product(weight, bias, Activation::kNone);
  const at::Tensor sums = Sums(x, weight, bias);
  // Half a unit in the last place a term, as a random walk.
  const double bound = 6e-8 * (4 + std::sqrt(static_cast<double>(in)));
  EXPECT_LT(Difference(product.Forward(x, at::Tensor()), sums), bound);
  EXPECT_LT(Difference(product.Forward(x, residual), sums + residual), bound);
  const PackedProduct without(weight, at::Tensor(), Activation::kNone);
  EXPECT_LT(Difference(without.Forward(x, at::Tensor()), sums - bias), bound);
}

// Rows of a tile and a few more, panels of 16 cut short, inputs beyond a block
// of 384, rows beyond a block of 384.
INSTANTIATE_TEST_SUITE_P(Shapes,
                         PackedShapeTest,
                         ::testing::Values(Shape{1, 1, 1},
                                           Shape{1, 768, 512},
                                           Shape{2, 17, 33},
                                           Shape{5, 16, 16},
                                           Shape{6, 385, 15},
                                           Shape{7, 383, 17},
                                           Shape{197, 771, 65},
                                           Shape{385, 9, 31},
                                           Shape{1001, 40, 50}));

class PackedActivationTest : public PackedProductTest,
                             public ::testing::WithParamInterface<Activation> {
};

TEST_P(PackedActivationTest, EqualsTheFormula) {
  const at::Tensor weight = at::randn({35, 19});
  const at::Tensor bias = at::randn({35});
  const at::Tensor x = at::randn({3, 5, 19});
  const PackedProduct product(weight, bias, GetParam());
  const at::Tensor out = product.Forward(x, at::Tensor());
  EXPECT_EQ(out.sizes(), (at::IntArrayRef{3, 5, 35}));
  EXPECT_LT(Difference(out, Activated(Sums(x, weight, bias), GetParam())),
            1e-6);
}

// One input, one output: the activation by itself, over all that it can meet.
TEST_P(PackedActivationTest, HoldsOverTheWholeRange) {
  const PackedProduct product(at::ones({1, 1}), at::Tensor(), GetParam());
  const at::Tensor x =
      at::cat({at::linspace(-12, 12, 24001), at::linspace(-200, 200, 4001),
               at::tensor({-1e30F, 1e30F, 0.0F, 1e-30F})})
          .unsqueeze(1);
  const at::Tensor reference =
      Activated(x.to(at::kDouble), GetParam()).nan_to_num(0);
  const at::Tensor error =
      (product.Forward(x, at::Tensor()).to(at::kDouble) - reference).abs();
  // Relative to |x|, or to 1 below: GELU is a difference where x is negative.
  EXPECT_LT((error / x.abs().clamp_min(1)).max().item<double>(), 3e-7);
}

TEST_P(PackedActivationTest, PassesNanOn) {
  const PackedProduct product(at::ones({1, 1}), at::Tensor(), GetParam());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(product.Forward(at::full({1, 1}, nan), at::Tensor())
                  .isnan()
                  .item<bool>());
}

TEST_P(PackedActivationTest, MlpEqualsItsLayers) {
  const at::Tensor up = at::randn({409, 37});
  const at::Tensor up_bias = at::randn({409});
  const at::Tensor down = at::randn({37, 409});
  const at::Tensor down_bias = at::randn({37});
  const at::Tensor x = at::randn({2, 211, 37});
  const at::Tensor residual = at::randn({2, 211, 37});
  const PackedMlp mlp(PackedProduct(up, up_bias, GetParam()),
                      PackedProduct(down, down_bias, Activation::kNone));
  const at::Tensor inner = Activated(Sums(x, up, up_bias), GetParam());
  EXPECT_LT(Difference(mlp.ForwardAdd(x, residual),
                       Sums(inner, down, down_bias) + residual),
            1e-6);
}

INSTANTIATE_TEST_SUITE_P(Activations,
                         PackedActivationTest,
                         ::testing::Values(Activation::kNone,
                                           Activation::kGelu,
                                           Activation::kGeluTanh,
                                           Activation::kQuickGelu,
                                           Activation::kSilu,
                                           Activation::kRelu));

TEST_F(PackedProductTest, GatesByHalves) {
  for (const std::int64_t inner : {8, 13, 401}) {
    const at::Tensor up = at::randn({2 * inner, 21});
    const at::Tensor up_bias = at::randn({2 * inner});
    const at::Tensor down = at::randn({30, inner});
    const at::Tensor x = at::randn({17, 21});
    const at::Tensor residual = at::randn({17, 30});
    const PackedProduct gate(up, up_bias, Activation::kNone,
                             ProductEnd::kSiluGate);
    const at::Tensor sums = Sums(x, up, up_bias);
    const at::Tensor expected =
        Activated(sums.narrow(1, 0, inner), Activation::kSilu) *
        sums.narrow(1, inner, inner);
    EXPECT_LT(Difference(gate.Forward(x, at::Tensor()), expected), 1e-6);
    const PackedMlp mlp(gate,
                        PackedProduct(down, at::Tensor(), Activation::kNone));
    EXPECT_LT(Difference(mlp.ForwardAdd(x, residual),
                         Sums(expected, down, at::zeros({30})) + residual),
              1e-6);
  }
}

TEST_F(PackedProductTest, SameBytesWithAnyThreadsAndRows) {
  const at::Tensor up = at::randn({803, 401});
  const at::Tensor down = at::randn({401, 803});
  const at::Tensor x = at::randn({517, 401});
  const PackedProduct product(up, at::Tensor(), Activation::kGelu);
  const PackedMlp mlp(product,
                      PackedProduct(down, at::Tensor(), Activation::kNone));
  const WithThreads one(1);
  const at::Tensor alone = product.Forward(x, at::Tensor());
  const at::Tensor mlp_alone = mlp.ForwardAdd(x, x);
  for (const int threads : {2, 3, 8}) {
    const WithThreads several(threads);
    EXPECT_TRUE(product.Forward(x, at::Tensor()).equal(alone)) << threads;
    EXPECT_TRUE(mlp.ForwardAdd(x, x).equal(mlp_alone)) << threads;
  }
  // A row's result does not depend on those beside it.
  const at::Tensor part = x.narrow(0, 100, 7);
  EXPECT_TRUE(
      product.Forward(part, at::Tensor()).equal(alone.narrow(0, 100, 7)));
  EXPECT_TRUE(mlp.ForwardAdd(part, part).equal(mlp_alone.narrow(0, 100, 7)));
}

TEST_F(PackedProductTest, TakesViewsAndNoRows) {
  const at::Tensor weight = at::randn({24, 10});
  const PackedProduct product(weight, at::Tensor(), Activation::kNone);
  const at::Tensor x = at::randn({10, 9}).t();
  EXPECT_LT(Difference(product.Forward(x, at::Tensor()),
                       Sums(x, weight, at::zeros({24}))),
            1e-6);
  EXPECT_EQ(product.Forward(at::empty({0, 10}), at::Tensor()).sizes(),
            (at::IntArrayRef{0, 24}));
}

}  // namespace
}  // namespace eyechart::encoders
