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
#include <ostream>
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

enum class Kernels { kAvx2, kAvx512 };

void PrintTo(Kernels kernels, std::ostream* out) {
  *out << (kernels == Kernels::kAvx2 ? "avx2" : "avx512");
}

// A product of each set of kernels, by the test's parameter or its first part.
class WithKernels {
 protected:
  void Use(Kernels kernels) {
    kernels_ = kernels == Kernels::kAvx2 ? internal::Avx2TileKernels()
                                         : internal::Avx512TileKernels();
    at::manual_seed(1);
  }

  PackedProduct Product(const at::Tensor& weight,
                        const at::Tensor& bias = at::Tensor(),
                        Activation activation = Activation::kNone,
                        ProductEnd end = ProductEnd::kActivation) const {
    return {weight, bias, activation, end, kernels_};
  }

  const internal::TileKernels* kernels_ = nullptr;
};

constexpr const char* kNotHere = "this processor has not these instructions";

class PackedProductTest : public ::testing::TestWithParam<Kernels>,
                          protected WithKernels {
 protected:
  void SetUp() override {
    Use(GetParam());
    if (kernels_ == nullptr) GTEST_SKIP() << kNotHere;
  }
};

INSTANTIATE_TEST_SUITE_P(Kernels,
                         PackedProductTest,
                         ::testing::Values(Kernels::kAvx2, Kernels::kAvx512));

using Shape = std::tuple<std::int64_t, std::int64_t, std::int64_t>;

class PackedShapeTest
    : public ::testing::TestWithParam<std::tuple<Kernels, Shape>>,
      protected WithKernels {
 protected:
  void SetUp() override {
    Use(std::get<0>(GetParam()));
    if (kernels_ == nullptr) GTEST_SKIP() << kNotHere;
  }
};

TEST_P(PackedShapeTest, EqualsDoublePrecision) {
  const auto [rows, in, out] = std::get<1>(GetParam());
  const at::Tensor weight = at::randn({out, in});
  const at::Tensor bias = at::randn({out});
  const at::Tensor x = at::randn({rows, in});
  const at::Tensor residual = at::randn({rows, out});
  const PackedProduct product = Product(weight, bias);
  const at::Tensor sums = Sums(x, weight, bias);
  // Half a unit in the last place a term, as a random walk.
  const double bound = 6e-8 * (4 + std::sqrt(static_cast<double>(in)));
  EXPECT_LT(Difference(product.Forward(x, at::Tensor()), sums), bound);
  EXPECT_LT(Difference(product.Forward(x, residual), sums + residual), bound);
  const PackedProduct without = Product(weight);
  EXPECT_LT(Difference(without.Forward(x, at::Tensor()), sums - bias), bound);
}

// Rows of a tile and a few more or less, panels of 16 and 32 cut short, inputs
// beyond a block of 192 and 384, rows beyond a block of 384.
INSTANTIATE_TEST_SUITE_P(
    Shapes,
    PackedShapeTest,
    ::testing::Combine(::testing::Values(Kernels::kAvx2, Kernels::kAvx512),
                       ::testing::Values(Shape{1, 1, 1},
                                         Shape{1, 768, 512},
                                         Shape{2, 17, 33},
                                         Shape{5, 16, 16},
                                         Shape{6, 385, 15},
                                         Shape{7, 383, 17},
                                         Shape{11, 193, 31},
                                         Shape{12, 192, 32},
                                         Shape{13, 191, 97},
                                         Shape{197, 771, 65},
                                         Shape{385, 9, 31},
                                         Shape{1001, 40, 50})));

class PackedActivationTest
    : public ::testing::TestWithParam<std::tuple<Kernels, Activation>>,
      protected WithKernels {
 protected:
  void SetUp() override {
    Use(std::get<0>(GetParam()));
    if (kernels_ == nullptr) GTEST_SKIP() << kNotHere;
  }
  static Activation OfParam() { return std::get<1>(GetParam()); }
};

TEST_P(PackedActivationTest, EqualsTheFormula) {
  const at::Tensor weight = at::randn({35, 19});
  const at::Tensor bias = at::randn({35});
  const at::Tensor x = at::randn({3, 5, 19});
  const PackedProduct product = Product(weight, bias, OfParam());
  const at::Tensor out = product.Forward(x, at::Tensor());
  EXPECT_EQ(out.sizes(), (at::IntArrayRef{3, 5, 35}));
  EXPECT_LT(Difference(out, Activated(Sums(x, weight, bias), OfParam())), 1e-6);
}

// One input, one output: the activation by itself, over all that it can meet.
TEST_P(PackedActivationTest, HoldsOverTheWholeRange) {
  const PackedProduct product =
      Product(at::ones({1, 1}), at::Tensor(), OfParam());
  const at::Tensor x =
      at::cat({at::linspace(-12, 12, 24001), at::linspace(-200, 200, 4001),
               at::tensor({-1e30F, 1e30F, 0.0F, 1e-30F})})
          .unsqueeze(1);
  const at::Tensor reference =
      Activated(x.to(at::kDouble), OfParam()).nan_to_num(0);
  const at::Tensor error =
      (product.Forward(x, at::Tensor()).to(at::kDouble) - reference).abs();
  // Relative to |x|, or to 1 below: GELU is a difference where x is negative.
  EXPECT_LT((error / x.abs().clamp_min(1)).max().item<double>(), 3e-7);
}

TEST_P(PackedActivationTest, PassesNanOn) {
  const PackedProduct product =
      Product(at::ones({1, 1}), at::Tensor(), OfParam());
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
  const PackedMlp mlp(Product(up, up_bias, OfParam()),
                      Product(down, down_bias));
  const at::Tensor inner = Activated(Sums(x, up, up_bias), OfParam());
  EXPECT_LT(Difference(mlp.ForwardAdd(x, residual),
                       Sums(inner, down, down_bias) + residual),
            1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Activations,
    PackedActivationTest,
    ::testing::Combine(::testing::Values(Kernels::kAvx2, Kernels::kAvx512),
                       ::testing::Values(Activation::kNone,
                                         Activation::kGelu,
                                         Activation::kGeluTanh,
                                         Activation::kQuickGelu,
                                         Activation::kSilu,
                                         Activation::kRelu)));

TEST_P(PackedProductTest, GatesByHalves) {
  for (const std::int64_t inner : {8, 13, 16, 401}) {
    const at::Tensor up = at::randn({2 * inner, 21});
    const at::Tensor up_bias = at::randn({2 * inner});
    const at::Tensor down = at::randn({30, inner});
    const at::Tensor x = at::randn({17, 21});
    const at::Tensor residual = at::randn({17, 30});
    const PackedProduct gate =
        Product(up, up_bias, Activation::kNone, ProductEnd::kSiluGate);
    const at::Tensor sums = Sums(x, up, up_bias);
    const at::Tensor expected =
        Activated(sums.narrow(1, 0, inner), Activation::kSilu) *
        sums.narrow(1, inner, inner);
    EXPECT_LT(Difference(gate.Forward(x, at::Tensor()), expected), 1e-6);
    const PackedMlp mlp(gate, Product(down));
    EXPECT_LT(Difference(mlp.ForwardAdd(x, residual),
                         Sums(expected, down, at::zeros({30})) + residual),
              1e-6);
  }
}

TEST_P(PackedProductTest, SameBytesWithAnyThreadsAndRows) {
  const at::Tensor up = at::randn({803, 401});
  const at::Tensor down = at::randn({401, 803});
  const at::Tensor x = at::randn({517, 401});
  const PackedProduct product = Product(up, at::Tensor(), Activation::kGelu);
  const PackedMlp mlp(product, Product(down));
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

TEST_P(PackedProductTest, TakesViewsAndNoRows) {
  const at::Tensor weight = at::randn({24, 10});
  const PackedProduct product = Product(weight);
  const at::Tensor x = at::randn({10, 9}).t();
  EXPECT_LT(Difference(product.Forward(x, at::Tensor()),
                       Sums(x, weight, at::zeros({24}))),
            1e-6);
  EXPECT_EQ(product.Forward(at::empty({0, 10}), at::Tensor()).sizes(),
            (at::IntArrayRef{0, 24}));
}

}  // namespace
}  // namespace eyechart::encoders
