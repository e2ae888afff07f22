#include "encoders/hiera_block.h"

#include <ATen/ops/amax.h>

#include "core/error.h"
#include "encoders/attention.h"

namespace eyechart::encoders {

HieraBlock::HieraBlock(const HieraBlockWeights& weights,
                       const HieraBlockOptions& options,
                       const Placement& placement)
    : options_(options),
      width_(weights.out_weight.size(0)),
      norm1_(NormKind::kLayer,
             weights.norm1_weight,
             weights.norm1_bias,
             options.epsilon,
             placement),
      qkv_(weights.qkv_weight, weights.qkv_bias, placement),
      out_(weights.out_weight, weights.out_bias, placement),
      norm2_(NormKind::kLayer,
             weights.norm2_weight,
             weights.norm2_bias,
             options.epsilon,
             placement),
      mlp_(weights.up_weight,
           weights.up_bias,
           weights.down_weight,
           weights.down_bias,
           options.activation,
           /*gated=*/false,
           placement) {
  EYECHART_CHECK(options.pool == 1 || weights.expand_weight.defined(),
                 "pooling without another width");
  if (weights.expand_weight.defined())
    expand_.emplace(weights.expand_weight, weights.expand_bias, placement);
}

at::Tensor HieraBlock::Pooled(const at::Tensor& x) const {
  if (options_.pool == 1) return x;
  const std::int64_t left = x.size(2) / options_.pool;
  return at::amax(x.unflatten(2, {options_.pool, left}), 2);
}

at::Tensor HieraBlock::Forward(const at::Tensor& x) const {
  const std::int64_t batch = x.size(0);
  const std::int64_t groups = x.size(1);
  const std::int64_t tokens = x.size(2);
  EYECHART_CHECK(tokens % options_.pool == 0, "tokens to pool");
  EYECHART_CHECK(
      options_.window == 0 || tokens == options_.pool * options_.window,
      "tokens of a mask unit");
  const at::Tensor normed = norm1_.Forward(x);
  const at::Tensor residual =
      expand_ ? Pooled(expand_->Forward(normed)).contiguous() : x;

  const at::Tensor qkv = qkv_.Forward(normed);
  // (sequences, heads, tokens, head width), as views: a sequence is a mask
  // unit, or a picture.
  const std::int64_t sequences = options_.window > 0 ? batch * groups : batch;
  const auto heads = [&](const at::Tensor& part) {
    return part
        .reshape({sequences, -1, options_.heads, width_ / options_.heads})
        .transpose(1, 2);
  };
  const auto part = [&](std::int64_t i) {
    return qkv.narrow(3, i * width_, width_);
  };
  const at::Tensor mixed = DotProductAttention(heads(Pooled(part(0))),
                                               heads(part(1)), heads(part(2)))
                               .view(residual.sizes());
  const at::Tensor attended = out_.ForwardAdd(mixed, residual);
  return mlp_.ForwardAdd(norm2_.Forward(attended), attended);
}

double HieraBlock::multiply_adds(std::int64_t tokens) const {
  const auto in = static_cast<double>(tokens);
  const double left = in / static_cast<double>(options_.pool);
  // Queries that a key meets.
  const double queries =
      options_.window > 0 ? static_cast<double>(options_.window) : left;
  auto every = static_cast<double>(qkv_.multiply_adds());
  if (expand_) every += static_cast<double>(expand_->multiply_adds());
  return in * (every + 2 * queries * static_cast<double>(width_)) +
         left *
             static_cast<double>(out_.multiply_adds() + mlp_.multiply_adds());
}

}  // namespace eyechart::encoders
