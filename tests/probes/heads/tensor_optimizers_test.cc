// The tensor operations against the CPU's kernels, on the CPU.
#include "probes/heads/tensor_optimizers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <vector>

#include "probes/heads/device_tensors.h"

namespace eyechart::probes {
namespace {

const std::vector<double> kRates = {1e-3, 5e-2, 2};
const std::vector<double> kDecays = {0.05, 0, 0.1};

// The greatest difference, as a share of the greatest value.
double Apart(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(TensorOptimizers, SgdIsTheKernels) {
  const at::Tensor start = at::randn({3, 4, 5});
  StackedSlope kernel{start.clone(), {}};
  StackedSlope tensors{start.clone(), {}};
  at::Tensor velocity = at::zeros_like(start);
  const at::Tensor other = at::zeros_like(start);
  for (int step = 0; step < 20; ++step) {
    kernel.slope = tensors.slope = at::randn({3, 4, 5});
    SgdStep(kernel, velocity, kRates, 0.9);
    SgdStepInTensors(tensors, other, FloatsOn(kRates, c10::kCPU), 0.9);
  }
  EXPECT_GT(Apart(start, kernel.values), 0.1);
  EXPECT_LT(Apart(tensors.values, kernel.values), 1e-5);
  EXPECT_LT(Apart(other, velocity), 1e-5);
}

TEST(TensorOptimizers, AdamWIsTheKernels) {
  const at::Tensor start = at::randn({3, 7});
  StackedSlope kernel{start.clone(), {}};
  StackedSlope tensors{start.clone(), {}};
  at::Tensor first = at::zeros_like(start);
  at::Tensor second = at::zeros_like(start);
  const at::Tensor other_first = at::zeros_like(start);
  const at::Tensor other_second = at::zeros_like(start);
  const std::vector<double> scales = {1, 0.25, 0.5};
  for (std::int64_t step = 0; step < 20; ++step) {
    kernel.slope = tensors.slope = at::randn({3, 7});
    AdamWStep(kernel, first, second, kRates, kDecays, scales, step);
    AdamWStepInTensors(tensors, other_first, other_second,
                       AdamWFactorsOf(kRates, kDecays, step, {}, c10::kCPU),
                       FloatsOn(scales, c10::kCPU));
  }
  EXPECT_GT(Apart(start, kernel.values), 0.1);
  EXPECT_LT(Apart(tensors.values, kernel.values), 1e-5);
  EXPECT_LT(Apart(other_first, first), 1e-5);
  EXPECT_LT(Apart(other_second, second), 1e-5);
}

TEST(TensorOptimizers, ScalesAreTheKernels) {
  std::vector<StackedSlope> stacks;
  for (const std::int64_t width : {3, 40}) {
    at::Tensor slope = at::randn({3, width});
    slope[1].mul_(1e-3);  // is not cut
    stacks.push_back({at::zeros_like(slope), slope});
  }
  const std::vector<double> kernel = ClipScales(stacks, 2);
  const at::Tensor tensors = ClipScalesInTensors(stacks, 2);
  EXPECT_EQ(kernel[1], 1);
  EXPECT_LT(kernel[0], 0.9);
  for (std::size_t g = 0; g < kernel.size(); ++g)
    EXPECT_NEAR(tensors[static_cast<std::int64_t>(g)].item<double>(), kernel[g],
                1e-6);
}

}  // namespace
}  // namespace eyechart::probes
