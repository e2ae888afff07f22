#include "encoders/convolution.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "encoders/onednn.h"
#include "tests/encoders/normal_tensor.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::NormalTensor;

// What is read without having been written is then NaN.
void FillFreeMemory() {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  std::vector<at::Tensor> blocks;
  for (std::int64_t size = 64; size < 1 << 18; size += size / 4)
    for (int i = 0; i < 4; ++i)
      blocks.push_back(at::empty({size}, at::kFloat).fill_(kNan));
}

double RelativeError(const at::Tensor& got, const at::Tensor& expected) {
  return ((got.to(at::kDouble) - expected).norm() / expected.norm())
      .item<double>();
}

struct Case {
  std::int64_t kernel;
  ConvolutionShape shape;
  std::int64_t in;
  std::int64_t out;
};

TEST(ConvolutionTest, IsTheReferencesForMapsOfAnyWidth) {
  // DaViT's and Hiera's stems, DaViT's stages and its depth-wise layers;
  // patches without overlap: side by side, padded, of one cell, with cells
  // between.
  std::vector<Case> cases(7);
  cases[0] = {7, {}, 3, 16};
  cases[0].shape.stride = 4;
  cases[0].shape.padding = 3;
  cases[1] = {3, {}, 16, 32};
  cases[1].shape.stride = 2;
  cases[1].shape.padding = 1;
  cases[2] = {3, {}, 32, 32};
  cases[2].shape.padding = 1;
  cases[2].shape.groups = 32;
  cases[3] = {4, {}, 16, 24};
  cases[3].shape.stride = 4;
  cases[4] = {7, {}, 24, 64};
  cases[4].shape.stride = 7;
  cases[4].shape.padding = 3;
  cases[5] = {1, {}, 8, 8};
  cases[6] = {2, {}, 5, 8};
  cases[6].shape.stride = 3;
  cases[6].shape.padding = 1;
  for (const Case& c : cases) {
    const at::Tensor weight =
        NormalTensor({c.out, c.in / c.shape.groups, c.kernel, c.kernel});
    const at::Tensor bias = NormalTensor({c.out});
    for (const c10::ScalarType dtype : {c10::kFloat, c10::kBFloat16}) {
      if (!OneDnnComputes(dtype)) continue;
      const Convolution convolution(weight, bias, c.shape,
                                    MakePlacement(dtype, c10::kCPU));
      for (const std::int64_t width : {1, 2, 3, 4, 5, 6, 7, 9, 14, 20}) {
        if (convolution.OutputSide(width) == 0) continue;
        const at::Tensor x = NormalTensor({2, 17, width, c.in});
        FillFreeMemory();
        const at::Tensor y = convolution.Forward(x);
        const std::vector<std::int64_t> stride{c.shape.stride, c.shape.stride};
        const std::vector<std::int64_t> padding{c.shape.padding,
                                                c.shape.padding};
        const std::vector<std::int64_t> dilation{1, 1};
        const at::Tensor expected =
            at::conv2d(x.permute({0, 3, 1, 2}).to(at::kDouble),
                       weight.to(at::kDouble), bias.to(at::kDouble), stride,
                       padding, dilation, c.shape.groups)
                .permute({0, 2, 3, 1});
        ASSERT_EQ(y.sizes(), expected.sizes());
        const double bound = dtype == c10::kFloat ? 1e-6 : 0.01;
        SCOPED_TRACE("kernel " + std::to_string(c.kernel) + ", width " +
                     std::to_string(width) + ", " + toString(dtype));
        EXPECT_LT(RelativeError(y, expected), bound);
        if (y.sizes() != x.sizes()) continue;
        FillFreeMemory();
        EXPECT_LT(
            RelativeError(convolution.ForwardAdd(x.to(dtype)), expected + x),
            bound);
      }
    }
  }
}

}  // namespace
}  // namespace eyechart::encoders
