#include "probes/detection/head_optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "core/error.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {

void HeadOptimizer::Add(const NamedTensors& parameters, double factor) {
  for (const auto& [name, tensor] : parameters) {
    EYECHART_CHECK(tensor.is_contiguous() && tensor.scalar_type() == at::kFloat,
                   "parameter {} is no contiguous float32", name);
    EYECHART_CHECK(
        parts_.empty() || tensor.device() == parts_.front().values.device(),
        "parameter {} is on another device than {}", name, parts_.front().name);
    const at::Tensor values = tensor.detach();
    parts_.push_back({name, tensor, at::zeros_like(values),
                      at::zeros_like(values), factor,
                      tensor.dim() > 1 ? options_.decay : 0});
  }
}

double HeadOptimizer::GradientNorm() const {
  std::vector<at::Tensor> norms;
  for (const Part& part : parts_)
    if (part.values.grad().defined())
      norms.push_back(part.values.grad().norm());
  if (norms.empty()) return 0;
  double squares = 0;
  // All at once: a device is waited for a single time.
  for (const double norm : probes::ValuesOf(at::stack(norms).cpu()))
    squares += norm * norm;
  return std::sqrt(squares);
}

void HeadOptimizer::StepByLists(double rate, double scale, std::int64_t step) {
  std::map<std::pair<double, double>, internal::ParameterLists> groups;
  for (const Part& part : parts_) {
    const at::Tensor& slope = part.values.grad();
    if (!slope.defined()) continue;
    internal::ParameterLists& lists = groups[{part.factor, part.decay}];
    lists.values.push_back(part.values.detach());
    lists.slopes.push_back(slope.contiguous());
    lists.first.push_back(part.first);
    lists.second.push_back(part.second);
  }
  for (const auto& [group, lists] : groups)
    internal::AdamWByLists(lists, rate * group.first, group.second, scale, step,
                           options_.adam);
}

double HeadOptimizer::Step(std::int64_t step) {
  const at::NoGradGuard frozen;
  const double norm = GradientNorm();
  // As PyTorch's clip_grad_norm_.
  const std::array<double, 1> scale = {
      options_.clip > 0 ? std::min(1.0, options_.clip / (norm + 1e-6)) : 1.0};
  const double rate = probes::RateAt(options_.schedule, options_.rate, step);
  if (!parts_.empty() && !parts_.front().values.is_cpu()) {
    if (std::isfinite(norm)) StepByLists(rate, scale.front(), step);
    for (Part& part : parts_) part.values.mutable_grad() = at::Tensor();
    return norm;
  }
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

void internal::AdamWByLists(const ParameterLists& lists,
                            double rate,
                            double decay,
                            double scale,
                            std::int64_t step,
                            const probes::AdamWOptions& options) {
  const auto updates = static_cast<double>(step + 1);
  const double correct1 = 1 - std::pow(options.beta1, updates);
  const double root2 = std::sqrt(1 - std::pow(options.beta2, updates));
  const std::vector<at::Tensor> slopes = at::_foreach_mul(lists.slopes, scale);
  at::_foreach_mul_(lists.first, options.beta1);
  at::_foreach_add_(lists.first, slopes, 1 - options.beta1);
  at::_foreach_mul_(lists.second, options.beta2);
  at::_foreach_addcmul_(lists.second, slopes, slopes, 1 - options.beta2);
  const std::vector<at::Tensor> spread = at::_foreach_sqrt(lists.second);
  at::_foreach_div_(spread, root2);
  at::_foreach_add_(spread, options.epsilon);
  at::_foreach_mul_(lists.values, 1 - rate * decay);
  at::_foreach_addcdiv_(lists.values, lists.first, spread, -rate / correct1);
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
