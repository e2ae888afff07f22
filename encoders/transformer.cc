#include "encoders/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/silu.h>

#include <utility>

#include "core/error.h"
#include "encoders/attention.h"

namespace eyechart::encoders {
namespace {

// Layer scale multiplies a linear layer's output, so it is folded into the
// layer: s (W x + b) = (s W) x + s b.
void FoldScale(at::Tensor& weight, at::Tensor& bias, const at::Tensor& scale) {
  if (!scale.defined()) return;
  weight = weight * scale.unsqueeze(1);
  if (bias.defined()) bias = bias * scale;
}

at::Tensor RowRange(const at::Tensor& tensor,
                    std::int64_t begin,
                    std::int64_t count) {
  return tensor.defined() ? tensor.narrow(0, begin, count) : tensor;
}

}  // namespace

Mlp::Mlp(at::Tensor up_weight,
         at::Tensor up_bias,
         at::Tensor down_weight,
         const at::Tensor& down_bias,
         Activation activation,
         bool gated,
         const Placement& placement,
         LayerRows rows)
    : gated_(gated), multiply_adds_(up_weight.numel() + down_weight.numel()) {
  if (rows == LayerRows::kFew && !gated) {
    narrow_up_ =
        NarrowProduct::Create(up_weight, up_bias, placement, activation);
    narrow_down_ = NarrowProduct::Create(down_weight, down_bias, placement,
                                         Activation::kNone);
    if (!narrow_up_ || !narrow_down_) {
      narrow_up_.reset();
      narrow_down_.reset();
    }
  }
  if (PackedProduct::Serves(placement)) {
    packed_.emplace(
        PackedProduct(placement.Put(up_weight), placement.Put(up_bias),
                      activation,
                      gated ? ProductEnd::kSiluGate : ProductEnd::kActivation),
        PackedProduct(placement.Put(down_weight), placement.Put(down_bias),
                      Activation::kNone));
    return;
  }
  if (activation == Activation::kQuickGelu && !gated) {
    // x sigmoid(a x) = silu(a x) / a, and SiLU is what oneDNN fuses: `a` goes
    // into the layer before and 1 / a into the one after.
    constexpr double kSlope = 1.702;
    up_weight = up_weight * kSlope;
    if (up_bias.defined()) up_bias = up_bias * kSlope;
    down_weight = down_weight * (1 / kSlope);
    activation = Activation::kSilu;
  }
  up_ = Linear(up_weight, up_bias, placement,
               gated ? Activation::kNone : activation);
  down_ = Linear(down_weight, down_bias, placement);
}

at::Tensor Mlp::ForwardAdd(const at::Tensor& x,
                           const at::Tensor& residual) const {
  if (narrow_up_ && NarrowProduct::Takes(x))
    return narrow_down_->Forward(narrow_up_->Forward(x, at::Tensor()),
                                 residual);
  if (packed_) return packed_->ForwardAdd(x, residual);
  at::Tensor hidden = up_.Forward(x);
  if (gated_) {
    const std::vector<at::Tensor> parts = hidden.chunk(2, -1);
    hidden = at::silu(parts[0]).mul_(parts[1]);
  }
  return down_.ForwardAdd(hidden, residual);
}

Block::Block(BlockWeights weights,
             const BlockOptions& options,
             const Placement& placement)
    : options_(options), width_(weights.out_weight.size(0)) {
  FoldScale(weights.out_weight, weights.out_bias, weights.scale1);
  FoldScale(weights.down_weight, weights.down_bias, weights.scale2);
  norm1_ = Norm(options.norm, weights.norm1_weight, weights.norm1_bias,
                options.epsilon, placement);
  norm2_ = Norm(options.norm, weights.norm2_weight, weights.norm2_bias,
                options.epsilon, placement);
  if (options.split_query) {
    query_ = Linear(RowRange(weights.qkv_weight, 0, width_),
                    RowRange(weights.qkv_bias, 0, width_), placement);
    key_value_ =
        Linear(RowRange(weights.qkv_weight, width_, 2 * width_),
               RowRange(weights.qkv_bias, width_, 2 * width_), placement);
  } else {
    qkv_ = Linear(weights.qkv_weight, weights.qkv_bias, placement);
  }
  out_ = Linear(weights.out_weight, weights.out_bias, placement);
  mlp_ = Mlp(std::move(weights.up_weight), std::move(weights.up_bias),
             std::move(weights.down_weight), weights.down_bias,
             options.activation, options.gated, placement);
}

at::Tensor Block::Attend(const at::Tensor& normed,
                         std::int64_t rows,
                         const std::optional<at::Tensor>& mask) const {
  const std::int64_t batch = normed.size(0);
  const std::int64_t tokens = normed.size(1);
  const std::int64_t head_width = width_ / options_.heads;
  // Strided views: the kernel reads them in place, no copy a head.
  const auto heads = [&](const at::Tensor& projected, std::int64_t parts) {
    return projected
        .view({batch, projected.size(1), parts, options_.heads, head_width})
        .permute({2, 0, 3, 1, 4});
  };
  at::Tensor query, key, value;
  if (options_.split_query) {
    query = heads(query_.Forward(normed.narrow(1, 0, rows).contiguous()), 1)[0];
    const at::Tensor pair = heads(key_value_.Forward(normed), 2);
    key = pair[0];
    value = pair[1];
  } else {
    EYECHART_CHECK(rows == tokens, "a part of a block without split_query");
    const at::Tensor triple = heads(qkv_.Forward(normed), 3);
    query = triple[0];
    key = triple[1];
    value = triple[2];
  }
  return DotProductAttention(query, key, value, mask, options_.causal);
}

at::Tensor Block::Forward(const at::Tensor& x,
                          std::int64_t rows,
                          const std::optional<at::Tensor>& mask) const {
  const at::Tensor mixed = Attend(norm1_.Forward(x), rows, mask);
  const at::Tensor residual =
      rows == x.size(1) ? x : x.narrow(1, 0, rows).contiguous();
  const at::Tensor attended = out_.ForwardAdd(mixed, residual);
  return mlp_.ForwardAdd(norm2_.Forward(attended), attended);
}

double Block::multiply_adds(std::int64_t tokens) const {
  const auto t = static_cast<double>(tokens);
  const auto c = static_cast<double>(width_);
  // q, k, v and output projections; q k^T and the weighted sum of v; the MLP.
  return t * 4 * c * c + 2 * t * t * c +
         t * static_cast<double>(mlp_.multiply_adds());
}

}  // namespace eyechart::encoders
