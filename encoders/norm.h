// The normalisations that transformers end their residual branches with.
#pragma once

#include <ATen/core/Tensor.h>

#include "encoders/linear.h"

namespace eyechart::encoders {

enum class NormKind {
  kLayer,  // mean and variance; weight and bias (Ba et al. 2016)
  kRms,    // root mean square; weight alone (Zhang and Sennrich 2019)
};

/// Normalisation over the last dimension; its sums are in float32 whatever the
/// dtype of its input.
class Norm {
 public:
  Norm() = default;
  /// `weight` and `bias` (C) are float32 on the CPU; an undefined bias means
  /// none.
  Norm(NormKind kind,
       const at::Tensor& weight,
       const at::Tensor& bias,
       double epsilon,
       const Placement& placement);

  /// (..., C) -> (..., C) in the placement's dtype.
  at::Tensor Forward(const at::Tensor& x) const;

 private:
  NormKind kind_ = NormKind::kLayer;
  at::Tensor weight_;
  at::Tensor bias_;
  double epsilon_ = 0;
};

}  // namespace eyechart::encoders
