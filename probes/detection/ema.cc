#include "probes/detection/ema.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {

MovingAverage::MovingAverage(NamedTensors parameters,
                             const AverageOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  EYECHART_CHECK(options.decay >= 0 && options.decay < 1, "decay {}",
                 options.decay);
  for (const auto& [name, tensor] : parameters_)
    averages_.emplace_back(name, tensor.detach().clone());
}

double MovingAverage::DecayAt(std::int64_t t) const {
  if (!options_.warm_up) return options_.decay;
  const auto done = static_cast<double>(t);
  return std::min(options_.decay, (1 + done) / (10 + done));
}

void MovingAverage::Update() {
  const at::NoGradGuard frozen;
  const double rest = 1 - DecayAt(updates_++);
  for (std::size_t i = 0; i < averages_.size(); ++i)
    averages_[i].second.lerp_(parameters_[i].second, rest);
}

NamedTensors MovingAverage::State() const {
  NamedTensors state = averages_;
  state.emplace_back("updates", at::tensor({updates_}, at::kLong));
  return state;
}

void MovingAverage::Restore(const NamedTensors& state,
                            const std::string& source) {
  for (auto& [name, tensor] : averages_) {
    const at::Tensor& found = probes::FindTensor(state, name, source);
    EYECHART_REQUIRE(found.sizes() == tensor.sizes(),
                     "{}: the average of {} has another shape than this run's",
                     source, name);
    tensor.copy_(found);
  }
  const at::Tensor& updates = probes::FindTensor(state, "updates", source);
  EYECHART_REQUIRE(updates.numel() == 1 && updates.item<std::int64_t>() >= 0,
                   "{}: \"updates\" should be one number, not below 0", source);
  updates_ = updates.item<std::int64_t>();
}

void MovingAverage::Swap() {
  const at::NoGradGuard frozen;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const at::Tensor kept = parameters_[i].second.clone();
    parameters_[i].second.copy_(averages_[i].second);
    averages_[i].second.copy_(kept);
  }
}

}  // namespace eyechart::detection
