#include "probes/detection/layers.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>

#include <array>

#include "core/error.h"
#include "probes/heads/start_values.h"

namespace eyechart::detection {

at::Tensor ParameterMaker::Add(const std::string& name,
                               const at::Tensor& start) {
  for (const auto& [other, tensor] : made_)
    EYECHART_CHECK(other != name, "two parameters {}", name);
  made_.emplace_back(name, start.to(device_));
  return made_.back().second.requires_grad_(true);
}

at::Tensor ParameterMaker::Normal(const std::string& name,
                                  const std::vector<std::int64_t>& shape,
                                  double deviation) {
  return Add(name, probes::NormalValues(shape, deviation, seed_, stream_++));
}

at::Tensor ParameterMaker::Constant(const std::string& name,
                                    const std::vector<std::int64_t>& shape,
                                    double value) {
  return Add(name, at::full(shape, value, at::kFloat));
}

at::Tensor ChannelsLast(const at::Tensor& map) {
  const at::Tensor laid = map.contiguous(at::MemoryFormat::ChannelsLast);
  return laid.is_inference() ? laid.clone() : laid;
}

at::Tensor Conv3x3(const at::Tensor& map,
                   const at::Tensor& weight,
                   const at::Tensor& bias) {
  constexpr std::array<std::int64_t, 2> kOne = {1, 1};
  return at::conv2d(map, weight, bias, kOne, kOne);
}

}  // namespace eyechart::detection
