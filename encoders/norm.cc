#include "encoders/norm.h"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rms_norm.h>

#include "encoders/rms_norm.h"

namespace eyechart::encoders {

Norm::Norm(NormKind kind,
           const at::Tensor& weight,
           const at::Tensor& bias,
           double epsilon,
           const Placement& placement)
    : kind_(kind), epsilon_(epsilon) {
  // The CPU's norms take float32 weights with half-precision input; CUDA's want
  // one type, and sum in float32 all the same.
  Placement own = placement;
  if (placement.device.is_cpu()) own.dtype = c10::kFloat;
  weight_ = own.Put(weight);
  bias_ = own.Put(bias);
}

at::Tensor Norm::Forward(const at::Tensor& x) const {
  if (kind_ == NormKind::kRms && x.is_cpu())
    return RmsNormCpu(x, weight_, epsilon_);
  if (kind_ == NormKind::kRms)
    return at::rms_norm(x, {x.size(-1)}, weight_, epsilon_);
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, epsilon_);
}

}  // namespace eyechart::encoders
