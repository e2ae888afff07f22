// A linear layer with its activation, by whatever multiplies fastest there.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "encoders/activation.h"
#include "encoders/narrow_product.h"
#include "encoders/onednn_linear.h"
#include "encoders/packed_product.h"
#include "encoders/placement.h"

namespace eyechart::encoders {

/// What a layer is mostly given. One of few rows (those of a decoder that
/// writes token by token) waits for its weights: see NarrowProduct, which is
/// kept beside what serves for many.
enum class LayerRows { kMany, kFew };

/// y = activation(x W^T + b). Weights are packed once: for our own product, or
/// for oneDNN; elsewhere LibTorch's public layer takes them as they are.
class Linear {
 public:
  Linear() = default;
  /// `weight` (out, in) and `bias` (out) are float32 on the CPU; an undefined
  /// bias means none.
  Linear(const at::Tensor& weight,
         const at::Tensor& bias,
         const Placement& placement,
         Activation activation = Activation::kNone,
         LayerRows rows = LayerRows::kMany);

  /// x: (..., in) in the placement's dtype and device -> (..., out).
  at::Tensor Forward(const at::Tensor& x) const;

  /// Forward(x) into `out`, contiguous (..., out): without new memory where the
  /// product can do so.
  void ForwardTo(const at::Tensor& x, const at::Tensor& out) const;

  /// residual + Forward(x), in one pass where that is at hand. Only for layers
  /// without an activation.
  at::Tensor ForwardAdd(const at::Tensor& x, const at::Tensor& residual) const;

  /// Multiply-adds for one row of input.
  std::int64_t multiply_adds() const { return in_ * out_; }

 private:
  std::optional<NarrowProduct> narrow_;
  std::optional<PackedProduct> product_;
  std::optional<OneDnnLinear> one_dnn_;
  at::Tensor weight_;  // (out, in), where neither of the two serves
  std::optional<at::Tensor> bias_;
  Activation activation_ = Activation::kNone;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;
};

/// `x` passed through `activation`; may reuse x's memory.
at::Tensor Activate(at::Tensor x, Activation activation);

}  // namespace eyechart::encoders
