#include "encoders/norm.h"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rms_norm.h>

namespace eyechart::encoders {

Norm::Norm(NormKind kind,
           const at::Tensor& weight,
           const at::Tensor& bias,
           double epsilon,
           const Placement& placement)
    : kind_(kind), epsilon_(epsilon) {
  // The CPU's layer norm takes float32 weights with half-precision input;
  // CUDA's wants one type, and sums in float32 all the same.
  const bool wide = placement.device.is_cpu() && kind == NormKind::kLayer;
  const auto options = weight.options()
                           .dtype(wide ? c10::kFloat : placement.dtype)
                           .device(placement.device);
  weight_ = weight.to(options);
  if (bias.defined()) bias_ = bias.to(options);
}

at::Tensor Norm::Forward(const at::Tensor& x) const {
  if (kind_ == NormKind::kRms)
    return at::rms_norm(x, {x.size(-1)}, weight_, epsilon_);
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, epsilon_);
}

}  // namespace eyechart::encoders
