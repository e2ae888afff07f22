#include "encoders/bart_layers.h"

#include <ATen/ops/empty.h>

#include <vector>

#include "core/error.h"
#include "encoders/attention.h"

namespace eyechart::encoders {
namespace {

constexpr double kBartEpsilon = 1e-5;  // of all norms; no key sets it

// Tokens that a cache has room for at first; it doubles.
constexpr std::int64_t kCapacity = 64;

// Loads the parts of one layer.
class Loader {
 public:
  Loader(WeightStore& weights,
         const std::string& prefix,
         const BartSide& side,
         const Placement& placement)
      : weights_(weights), prefix_(prefix), side_(side), placement_(placement) {
    EYECHART_CHECK(side.width % side.heads == 0, "heads");
  }

  // The projections `parts` of attention `name` as one layer.
  Linear Projections(const std::string& name,
                     const std::vector<std::string>& parts,
                     LayerRows rows = LayerRows::kMany) {
    std::vector<std::string> weight, bias;
    for (const std::string& part : parts) {
      weight.push_back(prefix_ + name + "." + part + ".weight");
      bias.push_back(prefix_ + name + "." + part + ".bias");
    }
    const at::Tensor matrix =
        weights_.TakeStacked(weight, {side_.width, side_.width});
    return Linear(matrix, weights_.TakeStacked(bias, {side_.width}), placement_,
                  Activation::kNone, rows);
  }

  Norm LayerNorm(const std::string& name) {
    const at::Tensor weight =
        weights_.Take(prefix_ + name + ".weight", {side_.width});
    return Norm(NormKind::kLayer, weight,
                weights_.Take(prefix_ + name + ".bias", {side_.width}),
                kBartEpsilon, placement_);
  }

  Mlp Feed(LayerRows rows = LayerRows::kMany) {
    at::Tensor up =
        weights_.Take(prefix_ + "fc1.weight", {side_.inner, side_.width});
    at::Tensor up_bias = weights_.Take(prefix_ + "fc1.bias", {side_.inner});
    at::Tensor down =
        weights_.Take(prefix_ + "fc2.weight", {side_.width, side_.inner});
    const at::Tensor down_bias =
        weights_.Take(prefix_ + "fc2.bias", {side_.width});
    return Mlp(up, up_bias, down, down_bias, side_.activation,
               /*gated=*/false, placement_, rows);
  }

 private:
  WeightStore& weights_;
  const std::string& prefix_;
  const BartSide& side_;
  const Placement& placement_;
};

// (R, L, parts * C) -> (parts, R, heads, L, C / heads), a view.
at::Tensor Heads(const at::Tensor& projected,
                 std::int64_t parts,
                 std::int64_t heads) {
  const std::int64_t width = projected.size(2) / parts / heads;
  return projected
      .view({projected.size(0), projected.size(1), parts, heads, width})
      .permute({2, 0, 3, 1, 4});
}

// Room for `length` tokens of the shape of `part` (R, heads, L, d), the first
// `past` of which are kept.
void Reserve(at::Tensor& cache,
             const at::Tensor& part,
             std::int64_t past,
             std::int64_t length) {
  if (cache.defined() && cache.size(2) >= length) return;
  std::int64_t capacity = cache.defined() ? cache.size(2) : kCapacity;
  while (capacity < length) capacity *= 2;
  at::Tensor larger = at::empty(
      {part.size(0), part.size(1), capacity, part.size(3)}, part.options());
  if (past > 0) larger.narrow(2, 0, past).copy_(cache.narrow(2, 0, past));
  cache = larger;
}

}  // namespace

BartEncoderLayer::BartEncoderLayer(WeightStore& weights,
                                   const std::string& prefix,
                                   const BartSide& side,
                                   const Placement& placement)
    : heads_(side.heads) {
  Loader load(weights, prefix, side, placement);
  qkv_ = load.Projections("self_attn", {"q_proj", "k_proj", "v_proj"});
  out_ = load.Projections("self_attn", {"out_proj"});
  attention_norm_ = load.LayerNorm("self_attn_layer_norm");
  mlp_ = load.Feed();
  final_norm_ = load.LayerNorm("final_layer_norm");
}

at::Tensor BartEncoderLayer::Forward(
    const at::Tensor& x, const std::optional<at::Tensor>& mask) const {
  const at::Tensor triple = Heads(qkv_.Forward(x), 3, heads_);
  const at::Tensor mixed =
      DotProductAttention(triple[0], triple[1], triple[2], mask);
  const at::Tensor y = attention_norm_.Forward(out_.ForwardAdd(mixed, x));
  return final_norm_.Forward(mlp_.ForwardAdd(y, y));
}

BartDecoderLayer::BartDecoderLayer(WeightStore& weights,
                                   const std::string& prefix,
                                   const BartSide& side,
                                   const Placement& placement)
    : heads_(side.heads) {
  Loader load(weights, prefix, side, placement);
  constexpr LayerRows kFew = LayerRows::kFew;
  qkv_ = load.Projections("self_attn", {"q_proj", "k_proj", "v_proj"}, kFew);
  out_ = load.Projections("self_attn", {"out_proj"}, kFew);
  self_norm_ = load.LayerNorm("self_attn_layer_norm");
  cross_query_ = load.Projections("encoder_attn", {"q_proj"}, kFew);
  cross_key_value_ = load.Projections("encoder_attn", {"k_proj", "v_proj"});
  cross_out_ = load.Projections("encoder_attn", {"out_proj"}, kFew);
  cross_norm_ = load.LayerNorm("encoder_attn_layer_norm");
  mlp_ = load.Feed(kFew);
  final_norm_ = load.LayerNorm("final_layer_norm");
}

void BartDecoderLayer::Look(const at::Tensor& context,
                            BartLayerCache& cache) const {
  const at::Tensor pair = Heads(cross_key_value_.Forward(context), 2, heads_);
  // Read once a token: each head's rows one after the other.
  cache.cross_key = pair[0].contiguous();
  cache.cross_value = pair[1].contiguous();
}

at::Tensor BartDecoderLayer::Self(const at::Tensor& x,
                                  std::int64_t past,
                                  bool keep,
                                  BartLayerCache& cache) const {
  const std::int64_t length = x.size(1);
  EYECHART_CHECK(past == 0 || (length == 1 && keep), "several new tokens");
  const at::Tensor triple = Heads(qkv_.Forward(x), 3, heads_);
  at::Tensor key = triple[1];
  at::Tensor value = triple[2];
  if (keep) {
    Reserve(cache.key, key, past, past + length);
    Reserve(cache.value, value, past, past + length);
    cache.key.narrow(2, past, length).copy_(key);
    cache.value.narrow(2, past, length).copy_(value);
    key = cache.key.narrow(2, 0, past + length);
    value = cache.value.narrow(2, 0, past + length);
  }
  return DotProductAttention(triple[0], key, value, std::nullopt,
                             /*causal=*/length > 1);
}

at::Tensor BartDecoderLayer::Cross(const at::Tensor& x,
                                   const std::optional<at::Tensor>& mask,
                                   const BartLayerCache& cache) const {
  // The rows of one context stand behind one another as its queries, so that
  // its keys and values are there once.
  const std::int64_t contexts = cache.cross_key.size(0);
  const at::Tensor query = cross_query_.Forward(x).view(
      {contexts, x.size(0) / contexts * x.size(1), x.size(2)});
  return DotProductAttention(Heads(query, 1, heads_)[0], cache.cross_key,
                             cache.cross_value, mask)
      .view(x.sizes());
}

at::Tensor BartDecoderLayer::Forward(const at::Tensor& x,
                                     std::int64_t past,
                                     bool keep,
                                     const std::optional<at::Tensor>& mask,
                                     BartLayerCache& cache) const {
  const at::Tensor told =
      self_norm_.Forward(out_.ForwardAdd(Self(x, past, keep, cache), x));
  const at::Tensor seen = cross_norm_.Forward(
      cross_out_.ForwardAdd(Cross(told, mask, cache), told));
  return final_norm_.Forward(mlp_.ForwardAdd(seen, seen));
}

}  // namespace eyechart::encoders
