#include "encoders/siglip_head.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>

#include <cmath>

namespace eyechart::encoders {

SiglipHead::SiglipHead(WeightStore& weights,
                       const std::string& prefix,
                       const ClipTower& tower,
                       const Placement& placement)
    : heads_(tower.heads), width_(tower.width) {
  const std::int64_t c = width_;
  const std::int64_t h = heads_;
  const std::string attention = prefix + "attention.";
  const at::Tensor probe = weights.Take(prefix + "probe", {1, 1, c}).view({c});
  const at::Tensor in = weights.Take(attention + "in_proj_weight", {3 * c, c});
  const at::Tensor bias = weights.Take(attention + "in_proj_bias", {3 * c});

  // The query is the same for every picture, so it is worked into the keys'
  // projection: q (K x) = (q K) x, one row a head. The keys' bias adds the same
  // to each token's score, which the softmax takes out again. The values are
  // projected after they are summed up, which their weights, adding up to one,
  // allow.
  const at::Tensor query =
      at::matmul(in.narrow(0, 0, c), probe) + bias.narrow(0, 0, c);
  const at::Tensor keys = in.narrow(0, c, c).view({h, c / h, c});
  const double scale = 1 / std::sqrt(static_cast<double>(c / h));
  query_ = placement.Put(
      at::bmm(query.view({h, 1, c / h}), keys).view({h, c}).mul_(scale));
  value_ =
      placement.Put(in.narrow(0, 2 * c, c).view({h, c / h, c}).transpose(1, 2));
  value_bias_ = placement.Put(bias.narrow(0, 2 * c, c));

  const at::Tensor out = weights.Take(attention + "out_proj.weight", {c, c});
  out_ = Linear(out, weights.Take(attention + "out_proj.bias", {c}), placement);
  norm_ = LoadClipNorm(weights, prefix + "layernorm", tower, placement);
  const std::string mlp = prefix + "mlp.";
  const at::Tensor up = weights.Take(mlp + "fc1.weight", {tower.inner, c});
  const at::Tensor up_bias = weights.Take(mlp + "fc1.bias", {tower.inner});
  const at::Tensor down = weights.Take(mlp + "fc2.weight", {c, tower.inner});
  const at::Tensor down_bias = weights.Take(mlp + "fc2.bias", {c});
  mlp_ = Mlp(up, up_bias, down, down_bias, tower.activation,
             /*gated=*/false, placement);
}

at::Tensor SiglipHead::Forward(const at::Tensor& tokens) const {
  const std::int64_t batch = tokens.size(0);
  const at::Tensor scores = at::matmul(tokens, query_.t());  // (B, T, H)
  const at::Tensor weights =
      at::softmax(scores, 1, c10::kFloat).to(tokens.scalar_type());
  const at::Tensor gathered =
      at::bmm(weights.transpose(1, 2), tokens);  // (B, H, C)
  const at::Tensor values =
      at::bmm(gathered.transpose(0, 1), value_)  // (H, B, C / H)
          .transpose(0, 1)
          .reshape({batch, width_})
          .add_(value_bias_);
  const at::Tensor mixed = out_.Forward(values);
  return mlp_.ForwardAdd(norm_.Forward(mixed), mixed);
}

double SiglipHead::multiply_adds(std::int64_t tokens) const {
  const auto t = static_cast<double>(tokens);
  const auto c = static_cast<double>(width_);
  return 2 * c * c + t * 2 * c * c + 2 * t * c +
         static_cast<double>(mlp_.multiply_adds());
}

}  // namespace eyechart::encoders
