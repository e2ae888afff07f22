#include "encoders/narrow_product.h"

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/matmul.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "encoders/linear.h"
#include "encoders/transformer.h"
#include "tests/encoders/normal_tensor.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::NormalTensor;

at::Tensor Rounded(const at::Tensor& tensor, c10::ScalarType kind) {
  return tensor.to(kind).to(at::kFloat);
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

const Placement& Cpu() {
  static const Placement placement = MakePlacement(c10::kFloat, c10::kCPU);
  return placement;
}

class NarrowProductTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!internal::HasNarrowKernels())
      GTEST_SKIP() << "needs AVX2, FMA and F16C";
  }
};

TEST_F(NarrowProductTest, IsTheProductOfTheRoundedWeights) {
  for (const c10::ScalarType kind : {c10::kHalf, c10::kBFloat16}) {
    for (const auto& [outputs, inputs] :
         {std::pair{1, 1}, {16, 16}, {17, 33}, {64, 768}, {3, 1000}}) {
      const at::Tensor weight = Rounded(NormalTensor({outputs, inputs}), kind);
      const at::Tensor bias = NormalTensor({outputs});
      const auto product =
          NarrowProduct::Create(weight, bias, Cpu(), Activation::kNone);
      ASSERT_TRUE(product);
      for (std::int64_t rows = 1; rows <= NarrowProduct::kMostRows; ++rows) {
        const at::Tensor x = NormalTensor({rows, inputs});
        const at::Tensor residual = NormalTensor({rows, outputs});
        const at::Tensor exact =
            at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t()) +
            bias.to(at::kDouble) + residual.to(at::kDouble);
        const at::Tensor out = product->Forward(x, residual);
        ASSERT_EQ(out.sizes(), residual.sizes());
        EXPECT_LT(LargestDifference(out, exact),
                  4e-6 * std::sqrt(inputs) + 1e-6)
            << outputs << " x " << inputs << ", rows " << rows;
      }
    }
  }
}

TEST_F(NarrowProductTest, ActivatesAndKeepsTheShapeOfItsInput) {
  const at::Tensor weight = Rounded(NormalTensor({40, 24}), c10::kHalf);
  const auto product =
      NarrowProduct::Create(weight, at::Tensor(), Cpu(), Activation::kGelu);
  ASSERT_TRUE(product);
  // Every other row of another tensor: not contiguous.
  const at::Tensor x = NormalTensor({2, 6, 24}).slice(1, 0, 6, 2);
  const at::Tensor out = product->Forward(x, at::Tensor());
  ASSERT_EQ(out.sizes(), (std::vector<std::int64_t>{2, 3, 40}));
  EXPECT_LT(LargestDifference(out, at::gelu(at::matmul(x, weight.t()))), 1e-4);
}

TEST_F(NarrowProductTest, SumsInOneOrderWhateverTheRowsAndThreads) {
  const at::Tensor weight = Rounded(NormalTensor({300, 770}), c10::kHalf);
  const auto product =
      NarrowProduct::Create(weight, at::Tensor(), Cpu(), Activation::kNone);
  ASSERT_TRUE(product);
  const at::Tensor x = NormalTensor({NarrowProduct::kMostRows, 770});
  const at::Tensor all = product->Forward(x, at::Tensor());
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_TRUE(at::equal(product->Forward(x, at::Tensor()), all));
  for (std::int64_t row = 0; row < x.size(0); ++row)
    EXPECT_TRUE(at::equal(product->Forward(x.narrow(0, row, 1), at::Tensor()),
                          all.narrow(0, row, 1)))
        << row;
  at::set_num_threads(threads);
}

TEST_F(NarrowProductTest, TakesOnlyWeightsThatSixteenBitsHold) {
  const auto made = [](const at::Tensor& weight, const Placement& placement) {
    return NarrowProduct::Create(weight, at::Tensor(), placement,
                                 Activation::kNone)
        .has_value();
  };
  const at::Tensor halves = Rounded(NormalTensor({5, 7}), c10::kHalf);
  EXPECT_TRUE(made(halves, Cpu()));
  // One value between two halves, that bf16 does not hold either.
  at::Tensor one = halves.clone();
  one[4][6] = 1.0F + std::ldexp(1.0F, -20);
  EXPECT_FALSE(made(one, Cpu()));
  // Beyond the range of halves, and of bf16 alone.
  EXPECT_TRUE(
      made(at::full({2, 2}, 1e30F).to(at::kBFloat16).to(at::kFloat), Cpu()));
  EXPECT_FALSE(made(at::full({2, 2}, 1e30F), Cpu()));
  // The smallest halves are held; what is not a number is nobody's.
  EXPECT_TRUE(made(at::full({2, 2}, std::ldexp(1.0F, -24)), Cpu()));
  EXPECT_FALSE(
      made(at::full({2, 2}, std::numeric_limits<float>::quiet_NaN()), Cpu()));
  // Weights that the placement rounds are held as they are rounded.
  Placement rounding = Cpu();
  rounding.rounded = c10::kBFloat16;
  EXPECT_TRUE(made(one, rounding));
  EXPECT_FALSE(made(halves, MakePlacement(c10::kBFloat16, c10::kCPU)) &&
               MakePlacement(c10::kBFloat16, c10::kCPU).dtype != c10::kFloat);
}

TEST_F(NarrowProductTest, LayersOfFewRowsUseItAndOthersAgree) {
  const at::Tensor weight = Rounded(NormalTensor({48, 32}), c10::kHalf);
  const at::Tensor bias = NormalTensor({48});
  const Linear few(weight, bias, Cpu(), Activation::kNone, LayerRows::kFew);
  const Linear many(weight, bias, Cpu());
  const auto alone =
      NarrowProduct::Create(weight, bias, Cpu(), Activation::kNone);
  ASSERT_TRUE(alone);
  const at::Tensor x = NormalTensor({3, 32});
  EXPECT_TRUE(at::equal(few.Forward(x), alone->Forward(x, at::Tensor())));
  EXPECT_LT(LargestDifference(few.Forward(x), many.Forward(x)), 1e-4);
  const at::Tensor residual = NormalTensor({3, 48});
  EXPECT_TRUE(
      at::equal(few.ForwardAdd(x, residual), alone->Forward(x, residual)));
  const at::Tensor long_x = NormalTensor({NarrowProduct::kMostRows + 1, 32});
  EXPECT_TRUE(at::equal(few.Forward(long_x), many.Forward(long_x)));

  const at::Tensor down = Rounded(NormalTensor({32, 48}), c10::kHalf);
  const at::Tensor down_bias = NormalTensor({32});
  const auto mlp = [&](LayerRows rows) {
    return Mlp(weight, bias, down, down_bias, Activation::kGelu,
               /*gated=*/false, Cpu(), rows);
  };
  const at::Tensor seen = NormalTensor({1, 3, 32});
  EXPECT_LT(LargestDifference(mlp(LayerRows::kFew).ForwardAdd(seen, seen),
                              mlp(LayerRows::kMany).ForwardAdd(seen, seen)),
            3e-4);
}

}  // namespace
}  // namespace eyechart::encoders
