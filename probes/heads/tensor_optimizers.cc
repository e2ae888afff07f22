#include "probes/heads/tensor_optimizers.h"

#include <ATen/TensorOperators.h>

#include <cmath>
#include <vector>

#include "core/error.h"
#include "probes/heads/device_tensors.h"

namespace eyechart::probes {
namespace {

// One value a head, to be multiplied with a stack (G, ...).
at::Tensor PerHead(const at::Tensor& factors, const at::Tensor& stack) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(stack.dim()), 1);
  shape.front() = stack.size(0);
  return factors.view(shape);
}

}  // namespace

void SgdStepInTensors(const StackedSlope& stack,
                      const at::Tensor& velocity,
                      const at::Tensor& rates,
                      double momentum) {
  const at::Tensor& values = stack.values;
  velocity.mul_(momentum).add_(stack.slope);
  values.addcmul_(velocity, PerHead(rates, values), /*value=*/-1);
}

AdamWFactors AdamWFactorsOf(std::span<const double> rates,
                            std::span<const double> decays,
                            std::int64_t step,
                            const AdamWOptions& options,
                            c10::Device device) {
  EYECHART_CHECK(rates.size() == decays.size(), "{} rates, {} decays",
                 rates.size(), decays.size());
  const auto heads = static_cast<std::int64_t>(rates.size());
  const auto updates = static_cast<double>(step + 1);
  const double correct1 = 1 - std::pow(options.beta1, updates);
  std::vector<double> factors;  // of one copy
  for (std::size_t g = 0; g < rates.size(); ++g)
    factors.push_back(1 - rates[g] * decays[g]);
  for (const double rate : rates) factors.push_back(rate / correct1);
  const at::Tensor both = FloatsOn(factors, device);
  return {both.narrow(0, 0, heads), both.narrow(0, heads, heads),
          std::sqrt(1 - std::pow(options.beta2, updates))};
}

void AdamWStepInTensors(const StackedSlope& stack,
                        const at::Tensor& first,
                        const at::Tensor& second,
                        const AdamWFactors& factors,
                        const at::Tensor& scales,
                        const AdamWOptions& options) {
  const at::Tensor& values = stack.values;
  const at::Tensor slope =
      scales.defined() ? stack.slope * PerHead(scales, values) : stack.slope;
  first.mul_(options.beta1).add_(slope, 1 - options.beta1);
  second.mul_(options.beta2).addcmul_(slope, slope, 1 - options.beta2);
  const at::Tensor size =
      second.sqrt().div_(factors.root2).add_(options.epsilon);
  values.mul_(PerHead(factors.kept, values))
      .sub_((first * PerHead(factors.rates, values)).div_(size));
}

at::Tensor SquaredLengths(std::span<const StackedSlope> stacks) {
  const std::int64_t heads = stacks.front().values.size(0);
  at::Tensor squares;
  for (const StackedSlope& stack : stacks) {
    const at::Tensor norm = stack.slope.view({heads, -1}).norm(2, {1}, false);
    const at::Tensor square = norm.to(at::kDouble).square();
    squares = squares.defined() ? squares + square : square;
  }
  return squares;
}

at::Tensor ClipScalesInTensors(std::span<const StackedSlope> stacks,
                               double most) {
  EYECHART_CHECK(!stacks.empty() && most > 0, "clip to {}", most);
  return SquaredLengths(stacks)
      .sqrt_()
      .add_(1e-6)
      .reciprocal_()
      .mul_(most)
      .clamp_max_(1)
      .to(at::kFloat);
}

}  // namespace eyechart::probes
