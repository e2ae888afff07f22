#include "encoders/bart.h"

#include <ATen/ops/embedding.h>

#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

constexpr char kLogitsBias[] = "final_logits_bias";

// The first rows of BART's position tables belong to no position.
constexpr std::int64_t kPositionOffset = 2;

// The one table of tokens, by the names under which files hold it.
constexpr std::array kTables = {"shared.weight", "encoder.embed_tokens.weight",
                                "decoder.embed_tokens.weight"};

// Files of tied weights keep one of the names, whichever.
std::string TableName(const WeightStore& weights,
                      const std::string& prefix,
                      const std::string& head) {
  for (const char* name : kTables)
    if (weights.Has(prefix + name)) return prefix + name;
  return weights.Has(head) ? head : prefix + kTables.front();
}

BartSide ReadSide(const ConfigReader& config,
                  const std::string& side,
                  std::int64_t width) {
  BartSide sizes;
  sizes.width = width;
  sizes.inner = config.Size(side + "_ffn_dim", 4096);
  sizes.layers = config.Size(side + "_layers", 12);
  sizes.heads = config.Size(side + "_attention_heads", 16);
  sizes.activation = config.GetActivation("activation_function", "gelu");
  config.RequireHeads(width, sizes.heads);
  return sizes;
}

}  // namespace

Bart::Bart(WeightStore& weights,
           const ConfigReader& config,
           const std::string& prefix,
           const std::string& head,
           const Placement& placement)
    : width_(config.Size("d_model", 1024)),
      positions_(config.Size("max_position_embeddings", 1024)),
      device_(placement.device) {
  const std::int64_t vocabulary = config.Size("vocab_size", 50265);
  const std::string shared = TableName(weights, prefix, head);
  const at::Tensor table = weights.Take(shared, {vocabulary, width_});
  token_table_ = placement.Put(table);
  if (config.Flag("scale_embedding", false))
    scale_ = std::sqrt(static_cast<double>(width_));
  for (const char* copy : kTables)
    if (weights.Has(prefix + copy)) weights.Acknowledge(prefix + copy);

  const auto load_side = [&](const std::string& name) {
    const std::string base = prefix + name + ".";
    const at::Tensor positions =
        weights.Take(base + "embed_positions.weight",
                     {positions_ + kPositionOffset, width_});
    const at::Tensor norm =
        weights.Take(base + "layernorm_embedding.weight", {width_});
    const at::Tensor bias =
        weights.Take(base + "layernorm_embedding.bias", {width_});
    return Side{
        placement.Put(positions.narrow(0, kPositionOffset, positions_)),
        Norm(NormKind::kLayer, norm, bias, /*epsilon=*/1e-5, placement)};
  };
  encoder_side_ = load_side("encoder");
  const BartSide encoder = ReadSide(config, "encoder", width_);
  for (std::int64_t i = 0; i < encoder.layers; ++i)
    encoder_.emplace_back(weights,
                          fmt::format("{}encoder.layers.{}.", prefix, i),
                          encoder, placement);
  decoder_side_ = load_side("decoder");
  const BartSide decoder = ReadSide(config, "decoder", width_);
  for (std::int64_t i = 0; i < decoder.layers; ++i)
    decoder_.emplace_back(weights,
                          fmt::format("{}decoder.layers.{}.", prefix, i),
                          decoder, placement);
  const bool own_head = weights.Has(head) && head != shared;
  const at::Tensor output =
      own_head ? weights.Take(head, {vocabulary, width_}) : table;
  // Checkpoints of the remote code have one; it is zero in the published ones.
  at::Tensor bias;
  if (weights.Has(kLogitsBias)) {
    bias = weights.Take(kLogitsBias, {1, vocabulary}).squeeze(0);
    if (!bias.any().item<bool>()) bias = at::Tensor();
  }
  head_ = Linear(output, bias, placement, Activation::kNone, LayerRows::kFew);
  if (!bias.defined() && TokenHead::Serves(placement))
    token_head_.emplace(own_head ? placement.Put(output) : token_table_);
}

at::Tensor Bart::Embed(const at::Tensor& ids) const {
  at::Tensor rows = at::embedding(token_table_, ids.to(device_));
  if (scale_ != 1) rows.mul_(scale_);
  return rows;
}

at::Tensor Bart::Read(const at::Tensor& embeddings,
                      const std::optional<at::Tensor>& mask) const {
  EYECHART_CHECK(embeddings.size(1) <= positions_, "too long");
  at::Tensor x = encoder_side_.norm.Forward(
      embeddings +
      encoder_side_.position_table.narrow(0, 0, embeddings.size(1)));
  for (const BartEncoderLayer& layer : encoder_) x = layer.Forward(x, mask);
  return x;
}

Bart::Memory Bart::Begin(const at::Tensor& context,
                         const std::optional<at::Tensor>& mask) const {
  Memory memory;
  memory.mask = mask;
  memory.layers.resize(decoder_.size());
  for (std::size_t i = 0; i < decoder_.size(); ++i)
    decoder_[i].Look(context, memory.layers[i]);
  return memory;
}

at::Tensor Bart::Write(const at::Tensor& ids, bool keep, Memory& memory) const {
  const std::int64_t length = ids.size(1);
  EYECHART_CHECK(memory.length + length <= positions_, "too long");
  at::Tensor x = Embed(ids);
  x.add_(decoder_side_.position_table.narrow(0, memory.length, length));
  x = decoder_side_.norm.Forward(x);
  for (std::size_t i = 0; i < decoder_.size(); ++i)
    x = decoder_[i].Forward(x, memory.length, keep, memory.mask,
                            memory.layers[i]);
  if (keep) memory.length += length;
  return x;
}

at::Tensor Bart::Logits(const at::Tensor& hidden) const {
  return head_.Forward(hidden).to(c10::kFloat);
}

std::optional<std::vector<std::int64_t>> Bart::Best(
    const at::Tensor& hidden,
    const std::vector<std::vector<std::int64_t>>& banned) const {
  if (!token_head_ || hidden.size(0) > TokenHead::kMostRows)
    return std::nullopt;
  return token_head_->Best(hidden.contiguous(), banned);
}

void Bart::Reorder(const at::Tensor& rows, Memory& memory) {
  for (BartLayerCache& layer : memory.layers) {
    layer.key = layer.key.index_select(0, rows);
    layer.value = layer.value.index_select(0, rows);
  }
}

}  // namespace eyechart::encoders
