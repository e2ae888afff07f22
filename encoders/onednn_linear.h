// Linear layers by oneDNN, on weights in its own layout.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "encoders/activation.h"
#include "encoders/placement.h"

namespace eyechart::encoders {

/// y = activation(x W^T + b).
class OneDnnLinear {
 public:
  /// Whether LibTorch has oneDNN's layers, oneDNN the activation (quick GELU
  /// it has not) and the processor units for the dtype.
  static bool Serves(const Placement& placement, Activation activation);

  /// `weight` (out, in) and `bias` (out) are float32 on the CPU; an undefined
  /// bias means none. Only where Serves().
  OneDnnLinear(const at::Tensor& weight,
               const at::Tensor& bias,
               const Placement& placement,
               Activation activation);

  /// x: (..., in) in the placement's dtype -> (..., out).
  at::Tensor Forward(const at::Tensor& x) const;

  /// residual + Forward(x) in one pass, of a layer without an activation.
  at::Tensor ForwardAdd(const at::Tensor& x, const at::Tensor& residual) const;

 private:
  at::Tensor weight_;
  std::optional<at::Tensor> bias_;
  Activation activation_;
};

}  // namespace eyechart::encoders
