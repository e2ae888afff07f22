#include "encoders/aimv2_head.h"

#include <ATen/ops/scaled_dot_product_attention.h>

#include <utility>

namespace eyechart::encoders {
namespace {

class AttentionPool : public PoolHead {
 public:
  // query: (C) as read.
  AttentionPool(const at::Tensor& query,
                Linear key_value,
                Linear out,
                std::int64_t heads,
                const Placement& placement)
      : width_(query.size(0)),
        heads_(heads),
        query_(placement.Put(query.view({1, heads, 1, width_ / heads}))),
        key_value_(std::move(key_value)),
        out_(std::move(out)) {}

  at::Tensor Forward(const at::Tensor& tokens) const override {
    const std::int64_t batch = tokens.size(0);
    const std::int64_t head_width = width_ / heads_;
    const at::Tensor pair =
        key_value_.Forward(tokens)
            .view({batch, tokens.size(1), 2, heads_, head_width})
            .permute({2, 0, 3, 1, 4});
    const at::Tensor mixed = at::scaled_dot_product_attention(
        query_.expand({batch, heads_, 1, head_width}), pair[0], pair[1]);
    return out_.Forward(mixed.reshape({batch, width_}));
  }

  double multiply_adds(std::int64_t tokens) const override {
    const auto t = static_cast<double>(tokens);
    // Keys and values; q k^T and the weighted sum of v; the output.
    return t * static_cast<double>(key_value_.multiply_adds()) +
           2 * t * static_cast<double>(width_) +
           static_cast<double>(out_.multiply_adds());
  }

 private:
  std::int64_t width_;
  std::int64_t heads_;
  at::Tensor query_;  // (1, heads, 1, C / heads)
  Linear key_value_;
  Linear out_;
};

}  // namespace

std::unique_ptr<PoolHead> LoadAimv2Head(WeightStore& weights,
                                        const std::string& prefix,
                                        const Aimv2Tower& tower,
                                        const Placement& placement) {
  const std::int64_t c = tower.width;
  const at::Tensor query = weights.Take(prefix + "cls_token", {1, 1, c});
  const at::Tensor key_value = weights.TakeStacked(
      {prefix + "k_proj.weight", prefix + "v_proj.weight"}, {c, c});
  at::Tensor bias;
  if (tower.qkv_bias)
    bias = weights.TakeStacked({prefix + "k_proj.bias", prefix + "v_proj.bias"},
                               {c});
  const at::Tensor out = weights.Take(prefix + "output_proj.weight", {c, c});
  const at::Tensor out_bias = weights.Take(prefix + "output_proj.bias", {c});
  return std::make_unique<AttentionPool>(
      query.view({c}), Linear(key_value, bias, placement),
      Linear(out, out_bias, placement), tower.heads, placement);
}

}  // namespace eyechart::encoders
