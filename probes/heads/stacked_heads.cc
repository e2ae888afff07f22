#include "probes/heads/stacked_heads.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/var_mean.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/optimizers.h"
#include "probes/heads/tensor_optimizers.h"

namespace eyechart::probes {
namespace {

constexpr double kNormEpsilon = 1e-6;  // AIM's
constexpr double kNormMomentum = 0.1;  // PyTorch's default

}  // namespace

StackedHeads::StackedHeads(std::vector<HeadRate> rates,
                           std::int64_t width,
                           c10::Device device)
    : rates_(std::move(rates)),
      mean_(at::zeros({width}, at::TensorOptions(device).dtype(at::kFloat))),
      variance_(
          at::ones({width}, at::TensorOptions(device).dtype(at::kFloat))) {}

void StackedHeads::Add(const std::string& name, const at::Tensor& start) {
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(start.dim()) + 1,
                                    1);
  repeats.front() = count();
  const at::Tensor values =
      OnDevice(start, device()).unsqueeze(0).repeat(repeats).contiguous();
  stacks_.push_back(
      {name, values, at::zeros_like(values), at::zeros_like(values)});
}

void StackedHeads::RequireSlopes() {
  for (Stack& stack : stacks_) stack.values.set_requires_grad(true);
}

StackedHeads::Norm StackedHeads::Observe(const at::Tensor& x) {
  const auto [variance, mean] =
      at::var_mean(x.flatten(0, 1), at::IntArrayRef{0}, /*correction=*/0);
  const auto rows = static_cast<double>(x.size(0) * x.size(1));
  mean_.lerp_(mean, kNormMomentum);
  variance_.lerp_(variance * (rows / std::max(rows - 1, 1.0)), kNormMomentum);
  return {mean, (variance + kNormEpsilon).rsqrt()};
}

StackedHeads::Norm StackedHeads::Running() const {
  return {mean_, (variance_ + kNormEpsilon).rsqrt()};
}

void StackedHeads::Update(std::span<const at::Tensor> slopes,
                          const Schedule& schedule,
                          double clip,
                          std::int64_t step) {
  EYECHART_CHECK(slopes.size() == stacks_.size(), "{} slopes of {} stacks",
                 slopes.size(), stacks_.size());
  const at::NoGradGuard frozen;
  std::vector<StackedSlope> stacks;
  for (std::size_t i = 0; i < stacks_.size(); ++i)
    stacks.push_back({stacks_[i].values.detach(), slopes[i].contiguous()});
  std::vector<double> rates;
  std::vector<double> decays;
  for (const HeadRate& head : rates_) {
    rates.push_back(RateAt(schedule, head.rate, step));
    decays.push_back(head.decay);
  }
  if (!mean_.is_cpu()) {
    // Nothing here may wait for a value, or the device would stand idle.
    const at::Tensor scales = ClipScalesInTensors(stacks, clip);
    const AdamWFactors factors =
        AdamWFactorsOf(rates, decays, step, {}, device());
    for (std::size_t i = 0; i < stacks_.size(); ++i)
      AdamWStepInTensors(stacks[i], stacks_[i].first, stacks_[i].second,
                         factors, scales);
    return;
  }
  const std::vector<double> scales = ClipScales(stacks, clip);
  for (std::size_t i = 0; i < stacks_.size(); ++i)
    AdamWStep(stacks[i], stacks_[i].first, stacks_[i].second, rates, decays,
              scales, step);
}

NamedTensors StackedHeads::State() const {
  NamedTensors state;
  for (const Stack& stack : stacks_) {
    state.emplace_back(stack.name, stack.values.detach());
    state.emplace_back(stack.name + ".first", stack.first);
    state.emplace_back(stack.name + ".second", stack.second);
  }
  state.emplace_back("mean", mean_);
  state.emplace_back("variance", variance_);
  return state;
}

NamedTensors StackedHeads::Head(std::int64_t point) const {
  NamedTensors head;
  for (const Stack& stack : stacks_)
    head.emplace_back(stack.name, HostCopy(stack.values.detach()[point]));
  head.emplace_back("mean", HostCopy(mean_));
  head.emplace_back("variance", HostCopy(variance_));
  return head;
}

}  // namespace eyechart::probes
