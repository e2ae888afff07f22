#include "probes/detection/head_optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {

void HeadOptimizer::Add(const NamedTensors& parameters, double factor) {
  for (const auto& [name, tensor] : parameters) {
    EYECHART_CHECK(tensor.is_contiguous() && tensor.scalar_type() == at::kFloat,
                   "parameter {} is no contiguous float32", name);
    const at::Tensor values = tensor.detach();
    parts_.push_back({name, tensor, at::zeros_like(values),
                      at::zeros_like(values), factor,
                      tensor.dim() > 1 ? options_.decay : 0});
  }
}

double HeadOptimizer::Step(std::int64_t step) {
  const at::NoGradGuard frozen;
  double squares = 0;
  for (const Part& part : parts_) {
    const at::Tensor& slope = part.values.grad();
    if (!slope.defined()) continue;
    const double norm = slope.norm().item<double>();
    squares += norm * norm;
  }
  const double norm = std::sqrt(squares);
  // As PyTorch's clip_grad_norm_.
  const std::array<double, 1> scale = {
      options_.clip > 0 ? std::min(1.0, options_.clip / (norm + 1e-6)) : 1.0};
  const double rate = probes::RateAt(options_.schedule, options_.rate, step);
  for (Part& part : parts_) {
    const at::Tensor slope = part.values.grad();
    part.values.mutable_grad() = at::Tensor();
    if (!slope.defined() || !std::isfinite(norm)) continue;
    const std::array<double, 1> rates = {rate * part.factor};
    const std::array<double, 1> decays = {part.decay};
    probes::AdamWStep(
        {part.values.detach().unsqueeze(0), slope.contiguous().unsqueeze(0)},
        part.first, part.second, rates, decays, scale, step, options_.adam);
  }
  return norm;
}

NamedTensors HeadOptimizer::State() const {
  NamedTensors state;
  for (const Part& part : parts_) {
    state.emplace_back("first." + part.name, part.first);
    state.emplace_back("second." + part.name, part.second);
  }
  return state;
}

void HeadOptimizer::Restore(const NamedTensors& state,
                            const std::string& source) {
  for (auto& [name, tensor] : State()) {
    const at::Tensor& found = probes::FindTensor(state, name, source);
    EYECHART_REQUIRE(found.sizes() == tensor.sizes(),
                     "{}: moment {} has another shape than this run's", source,
                     name);
    tensor.copy_(found);
  }
}

}  // namespace eyechart::detection
