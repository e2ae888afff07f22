// A linear layer with its activation, packed for oneDNN where that is at hand.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "encoders/placement.h"

namespace eyechart::encoders {

enum class Activation { kNone, kGelu, kGeluTanh, kQuickGelu, kSilu, kRelu };

/// The activation that transformers calls `name`. Throws InputError, naming
/// `source`, for one that is not known.
Activation ParseActivation(std::string_view name, const std::string& source);

/// y = activation(x W^T + b).
class Linear {
 public:
  Linear() = default;
  /// `weight` (out, in) and `bias` (out) are float32 on the CPU; an undefined
  /// bias means none.
  Linear(const at::Tensor& weight,
         const at::Tensor& bias,
         const Placement& placement,
         Activation activation = Activation::kNone);

  /// x: (..., in) in the placement's dtype and device -> (..., out).
  at::Tensor Forward(const at::Tensor& x) const;

  /// residual + Forward(x), in one pass where oneDNN does it. Only for layers
  /// without an activation.
  at::Tensor ForwardAdd(const at::Tensor& x, const at::Tensor& residual) const;

  /// Multiply-adds for one row of input.
  std::int64_t multiply_adds() const { return in_ * out_; }

 private:
  at::Tensor weight_;  // (out, in), or oneDNN's own layout where packed_
  std::optional<at::Tensor> bias_;
  Activation activation_ = Activation::kNone;
  bool packed_ = false;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;
};

/// `x` passed through `activation`; may reuse x's memory.
at::Tensor Activate(at::Tensor x, Activation activation);

}  // namespace eyechart::encoders
