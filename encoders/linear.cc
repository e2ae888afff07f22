#include "encoders/linear.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/sigmoid.h>

#include "core/error.h"

namespace eyechart::encoders {

at::Tensor Activate(at::Tensor x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGelu:
      return at::gelu(x, "none");
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return x.mul_(at::sigmoid(x * 1.702));
    case Activation::kSilu:
      return x.mul_(at::sigmoid(x));
    case Activation::kRelu:
      return x.clamp_min_(0);
  }
  return x;
}

Linear::Linear(const at::Tensor& weight,
               const at::Tensor& bias,
               const Placement& placement,
               Activation activation,
               LayerRows rows)
    : activation_(activation), in_(weight.size(1)), out_(weight.size(0)) {
  if (rows == LayerRows::kFew)
    narrow_ = NarrowProduct::Create(weight, bias, placement, activation);
  if (PackedProduct::Serves(placement)) {
    product_.emplace(placement.Put(weight), placement.Put(bias), activation);
  } else if (OneDnnLinear::Serves(placement, activation)) {
    one_dnn_.emplace(weight, bias, placement, activation);
  } else {
    weight_ = placement.Put(weight);
    if (bias.defined()) bias_ = placement.Put(bias);
  }
}

at::Tensor Linear::Forward(const at::Tensor& x) const {
  if (narrow_ && NarrowProduct::Takes(x))
    return narrow_->Forward(x, at::Tensor());
  if (product_) return product_->Forward(x, at::Tensor());
  if (one_dnn_) return one_dnn_->Forward(x);
  return Activate(at::linear(x, weight_, bias_), activation_);
}

void Linear::ForwardTo(const at::Tensor& x, const at::Tensor& out) const {
  if (product_)
    product_->ForwardTo(x, at::Tensor(), out);
  else
    out.copy_(Forward(x));
}

at::Tensor Linear::ForwardAdd(const at::Tensor& x,
                              const at::Tensor& residual) const {
  EYECHART_CHECK(activation_ == Activation::kNone, "fused sum");
  if (narrow_ && NarrowProduct::Takes(x)) return narrow_->Forward(x, residual);
  if (product_) return product_->Forward(x, residual);
  if (one_dnn_) return one_dnn_->ForwardAdd(x, residual);
  return at::linear(x, weight_, bias_).add_(residual);
}

}  // namespace eyechart::encoders
