#include "probes/detection/set_layers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <fmt/format.h>

#include <cmath>

namespace eyechart::detection {
namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr double kSigmoidEpsilon = 1e-5;

}  // namespace

at::Tensor LinearLayer::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

at::Tensor NormLayer::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kNormEpsilon);
}

at::Tensor Mlp::operator()(at::Tensor x) const {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x = layers[i](x);
    if (i + 1 < layers.size()) x = x.relu_();
  }
  return x;
}

LinearLayer MakeLinear(ParameterMaker& maker,
                       const std::string& name,
                       std::int64_t inputs,
                       std::int64_t outputs,
                       double bias) {
  const double deviation =
      std::sqrt(2.0 / static_cast<double>(inputs + outputs));
  return {maker.Normal(name + ".weight", {outputs, inputs}, deviation),
          maker.Constant(name + ".bias", {outputs}, bias)};
}

LinearLayer MakeZeroLinear(ParameterMaker& maker,
                           const std::string& name,
                           std::int64_t inputs,
                           std::int64_t outputs) {
  return {maker.Constant(name + ".weight", {outputs, inputs}, 0),
          maker.Constant(name + ".bias", {outputs}, 0)};
}

NormLayer MakeNorm(ParameterMaker& maker,
                   const std::string& name,
                   std::int64_t width) {
  return {maker.Constant(name + ".weight", {width}, 1),
          maker.Constant(name + ".bias", {width}, 0)};
}

Mlp MakeMlp(ParameterMaker& maker,
            const std::string& name,
            const std::vector<std::int64_t>& widths,
            bool zero_last) {
  Mlp made;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    const std::string part = fmt::format("{}.{}", name, i);
    const bool zero = zero_last && i + 2 == widths.size();
    made.layers.push_back(
        zero ? MakeZeroLinear(maker, part, widths[i], widths[i + 1])
             : MakeLinear(maker, part, widths[i], widths[i + 1]));
  }
  return made;
}

at::Tensor InverseSigmoid(const at::Tensor& x) {
  const at::Tensor inside = x.clamp(0, 1);
  return (inside.clamp_min(kSigmoidEpsilon) /
          (1 - inside).clamp_min(kSigmoidEpsilon))
      .log();
}

}  // namespace eyechart::detection
