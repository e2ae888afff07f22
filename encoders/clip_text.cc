#include "encoders/clip_text.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/error.h"
#include "encoders/clip_layers.h"
#include "encoders/clip_tokenizer.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

// Texts a pass: bounds memory whatever the number of texts.
constexpr std::size_t kBatch = 64;

// Configs from before transformers 4.31 say 2, whatever the vocabulary; the
// reference then pools at the largest id.
constexpr std::int64_t kLegacyEnd = 2;

struct TextParts {
  at::Tensor token_table;     // (V, C)
  at::Tensor position_table;  // (L, C)
  std::vector<Block> blocks;
  Norm final_norm;
  Linear projection;
  std::int64_t end_id = 0;  // the config's, not the tokenizer's
  double logit_scale = 1;
};

class ClipTextEncoder : public TextEncoder {
 public:
  ClipTextEncoder(TextParts parts,
                  ClipTokenizer tokenizer,
                  const Placement& placement)
      : parts_(std::move(parts)),
        tokenizer_(std::move(tokenizer)),
        placement_(placement) {}

  at::Tensor Encode(const std::vector<std::string>& texts) override {
    const c10::InferenceMode inference;
    EYECHART_REQUIRE(!texts.empty(), "no texts to encode");
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < texts.size(); i += kBatch)
      parts.push_back(EncodeBatch(
          std::span(texts).subspan(i, std::min(kBatch, texts.size() - i))));
    return at::cat(parts);
  }

  double logit_scale() const override { return parts_.logit_scale; }

 private:
  // Where the reference pools: the first end token, or the first largest id.
  std::int64_t PoolPosition(const std::vector<std::int64_t>& ids) const {
    const auto it = parts_.end_id == kLegacyEnd
                        ? std::max_element(ids.begin(), ids.end())
                        : std::find(ids.begin(), ids.end(), parts_.end_id);
    return it == ids.end() ? 0 : it - ids.begin();
  }

  at::Tensor EncodeBatch(std::span<const std::string> texts) {
    const std::int64_t limit = parts_.position_table.size(0);
    const std::int64_t vocabulary = parts_.token_table.size(0);
    std::vector<std::vector<std::int64_t>> ids;
    std::size_t longest = 0;
    for (const std::string& text : texts) {
      ids.push_back(tokenizer_.Encode(text, limit));
      longest = std::max(longest, ids.back().size());
      const std::int64_t largest =
          *std::max_element(ids.back().begin(), ids.back().end());
      EYECHART_REQUIRE(largest < vocabulary,
                       "the tokenizer gives id {}, the text tower knows {} "
                       "tokens: they do not belong together",
                       largest, vocabulary);
    }
    const auto batch = static_cast<std::int64_t>(ids.size());
    const auto tokens = static_cast<std::int64_t>(longest);
    // What stands behind the end token is never seen: attention is causal.
    at::Tensor input = at::full({batch, tokens}, 0, at::kLong);
    std::int64_t* row = input.mutable_data_ptr<std::int64_t>();
    for (const auto& text : ids) {
      std::copy(text.begin(), text.end(), row);
      row += tokens;
    }
    at::Tensor x =
        at::embedding(parts_.token_table, input.to(placement_.device));
    x.add_(parts_.position_table.narrow(0, 0, tokens));
    for (const Block& block : parts_.blocks) x = block.Forward(x, tokens);

    at::Tensor pooled = at::empty({batch, x.size(2)}, x.options());
    for (std::int64_t i = 0; i < batch; ++i)
      pooled[i].copy_(x[i][PoolPosition(ids[static_cast<std::size_t>(i)])]);
    return parts_.projection.Forward(parts_.final_norm.Forward(pooled))
        .to(c10::kFloat)
        .cpu();
  }

  TextParts parts_;
  ClipTokenizer tokenizer_;
  Placement placement_;
};

}  // namespace

std::unique_ptr<TextEncoder> MakeClipTextEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const ConfigReader config = ClipTowerConfig(checkpoint, "text");
  const ConfigReader outer(checkpoint.config,
                           (checkpoint.folder / "config.json").string());
  const ClipTower tower = ReadClipTower(config, 512, 8);
  const std::int64_t vocabulary = config.Size("vocab_size", 49408);
  const std::int64_t length = config.Size("max_position_embeddings", 77);
  EYECHART_REQUIRE(length >= 2,
                   "{}: \"max_position_embeddings\" {} leaves no room for the "
                   "start and end tokens",
                   config.source(), length);
  ClipTokenizer tokenizer(checkpoint.folder);

  WeightStore weights(checkpoint);
  const auto to_place = [&](const at::Tensor& tensor) {
    return tensor.to(
        tensor.options().dtype(placement.dtype).device(placement.device));
  };
  const std::string prefix = "text_model.";
  const std::string embeddings = prefix + "embeddings.";
  TextParts parts;
  parts.token_table = to_place(weights.Take(
      embeddings + "token_embedding.weight", {vocabulary, tower.width}));
  parts.position_table = to_place(weights.Take(
      embeddings + "position_embedding.weight", {length, tower.width}));
  parts.blocks =
      LoadClipBlocks(weights, prefix + "encoder.", tower,
                     /*causal=*/true, /*split_last=*/false, placement);
  parts.final_norm =
      LoadClipNorm(weights, prefix + "final_layer_norm", tower, placement);
  parts.projection =
      Linear(weights.Take("text_projection.weight",
                          {outer.Size("projection_dim", 512), tower.width}),
             at::Tensor(), placement);
  parts.end_id = JsonGetOr<std::int64_t>(config.object(), "eos_token_id", 49407,
                                         config.source());
  parts.logit_scale = std::exp(weights.Take("logit_scale", {}).item<double>());
  if (!options.allow_unused)
    weights.RequireAllUsed(
        weights.Unused({.prefixes = {"vision_model.", "visual_projection."},
                        .suffixes = {"position_ids"}}));
  return std::make_unique<ClipTextEncoder>(std::move(parts),
                                           std::move(tokenizer), placement);
}

}  // namespace eyechart::encoders
