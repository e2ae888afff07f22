#include "encoders/rms_norm.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace eyechart::encoders {
namespace {

TEST(RmsNormTest, EqualsTheFormulaInFloat64) {
  for (const std::int64_t width : {1, 7, 32, 33, 100, 1024}) {
    const at::Tensor x = at::randn({3, 5, width}) * 10;
    const at::Tensor weight = at::randn({width});
    const at::Tensor wide = x.to(at::kDouble);
    const at::Tensor expected = wide /
                                (wide.square().mean(-1, true) + 1e-5).sqrt() *
                                weight.to(at::kDouble);
    const at::Tensor ours = RmsNormCpu(x, weight, 1e-5);
    EXPECT_LT(
        ((ours.to(at::kDouble) - expected).abs().max() / expected.abs().max())
            .item<double>(),
        1e-6)
        << width;
  }
}

TEST(RmsNormTest, RoundsHalfPrecisionOnce) {
  for (const auto dtype : {at::kBFloat16, at::kHalf}) {
    const at::Tensor x = at::randn({9, 65}).to(dtype);
    const at::Tensor weight = at::randn({65});
    const at::Tensor expected = RmsNormCpu(x.to(at::kFloat), weight, 1e-6);
    EXPECT_TRUE(RmsNormCpu(x, weight, 1e-6).equal(expected.to(dtype)));
  }
}

TEST(RmsNormTest, TakesStridedInputAndNoRows) {
  const at::Tensor x = at::randn({6, 4}).t();
  const at::Tensor weight = at::randn({6});
  EXPECT_TRUE(RmsNormCpu(x, weight, 1e-6)
                  .equal(RmsNormCpu(x.contiguous(), weight, 1e-6)));
  EXPECT_EQ(RmsNormCpu(at::randn({0, 6}), weight, 1e-6).numel(), 0);
}

}  // namespace
}  // namespace eyechart::encoders
