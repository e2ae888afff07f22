#include "encoders/siglip_text.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/error.h"
#include "encoders/siglip.h"
#include "encoders/siglip_tokenizer.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

// Texts a pass: bounds memory whatever the number of texts.
constexpr std::size_t kSiglipBatch = 64;

struct TextParts {
  at::Tensor token_table;     // (V, C)
  at::Tensor position_table;  // (L, C)
  std::vector<Block> blocks;
  Norm final_norm;
  Linear head;
  double logit_scale = 1;
  double logit_bias = 0;
};

// What a batch of texts becomes.
struct PaddedIds {
  at::Tensor ids;                  // (B, L)
  std::optional<at::Tensor> mask;  // (B, 1, 1, L), false on padding
};

class SiglipTextEncoder : public TextEncoder {
 public:
  SiglipTextEncoder(TextParts parts,
                    SiglipTokenizer tokenizer,
                    std::string folder,
                    const Placement& placement)
      : parts_(std::move(parts)),
        tokenizer_(std::move(tokenizer)),
        folder_(std::move(folder)),
        placement_(placement),
        length_(tokenizer_.Length(parts_.position_table.size(0))) {}

  at::Tensor Encode(const std::vector<std::string>& texts) override {
    const c10::InferenceMode inference;
    EYECHART_REQUIRE(!texts.empty(), "no texts to encode");
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < texts.size(); i += kSiglipBatch)
      parts.push_back(EncodeBatch(std::span(texts).subspan(
          i, std::min(kSiglipBatch, texts.size() - i))));
    return at::cat(parts);
  }

  double logit_scale() const override { return parts_.logit_scale; }
  double logit_bias() const override { return parts_.logit_bias; }

 private:
  // Every text is padded to one length, as the model was trained.
  PaddedIds Tokenize(std::span<const std::string> texts) const {
    const auto batch = static_cast<std::int64_t>(texts.size());
    PaddedIds result;
    result.ids = at::full({batch, length_}, tokenizer_.pad_id(), at::kLong);
    at::Tensor seen = at::zeros({batch, 1, 1, length_}, at::kBool);
    std::int64_t* row = result.ids.mutable_data_ptr<std::int64_t>();
    bool* seen_row = seen.mutable_data_ptr<bool>();
    for (const std::string& text : texts) {
      const auto ids = tokenizer_.Encode(text, length_);
      EYECHART_REQUIRE(!ids.empty(),
                       "{}: the tokenizer gives no token for the text "
                       "\"{:.40}\"; it should end every text with one",
                       folder_, text);
      const auto first =
          tokenizer_.pads_left() ? length_ - std::ssize(ids) : std::int64_t{0};
      std::copy(ids.begin(), ids.end(), row + first);
      std::fill_n(seen_row + first, ids.size(), true);
      row += length_;
      seen_row += length_;
    }
    const std::int64_t vocabulary = parts_.token_table.size(0);
    for (const at::Tensor& extreme : {result.ids.min(), result.ids.max()}) {
      const auto id = extreme.item<std::int64_t>();
      EYECHART_REQUIRE(id >= 0 && id < vocabulary,
                       "{}: the tokenizer gives id {}, the text tower knows {} "
                       "tokens: they do not belong together",
                       folder_, id, vocabulary);
    }
    if (tokenizer_.has_mask()) result.mask = seen;
    return result;
  }

  at::Tensor EncodeBatch(std::span<const std::string> texts) {
    PaddedIds input = Tokenize(texts);
    at::Tensor x =
        at::embedding(parts_.token_table, input.ids.to(placement_.device));
    x.add_(parts_.position_table.narrow(0, 0, length_));
    // The last token is what is pooled. Attention minds no order, so it goes
    // first, and the last block gives that row alone.
    x = at::roll(x, 1, 1);
    if (input.mask)
      input.mask = at::roll(*input.mask, 1, 3).to(placement_.device);
    for (const Block& block : parts_.blocks)
      x = block.Forward(x, &block == &parts_.blocks.back() ? 1 : length_,
                        input.mask);
    const at::Tensor last = x.select(1, 0).contiguous();
    return parts_.head.Forward(parts_.final_norm.Forward(last))
        .to(c10::kFloat)
        .cpu();
  }

  TextParts parts_;
  SiglipTokenizer tokenizer_;
  std::string folder_;  // the tokenizer's, for errors
  Placement placement_;
  std::int64_t length_;
};

}  // namespace

std::unique_ptr<TextEncoder> MakeSiglipTextEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const ConfigReader config = ClipTowerConfig(checkpoint, "text");
  const ClipTower tower = ReadSiglipTower(config);
  const std::int64_t vocabulary = config.Size("vocab_size", 32000);
  const std::int64_t length = config.Size("max_position_embeddings", 64);
  const std::int64_t width = config.Size("projection_size", tower.width);
  const auto pad = JsonGetOr<std::int64_t>(config.object(), "pad_token_id", 1,
                                           config.source());
  EYECHART_REQUIRE(pad >= 0 && pad < vocabulary,
                   "{}: \"pad_token_id\" is {}, outside the vocabulary of {}",
                   config.source(), pad, vocabulary);

  WeightStore weights(checkpoint);
  const std::string prefix = "text_model.";
  const std::string embeddings = prefix + "embeddings.";
  TextParts parts;
  parts.token_table = placement.Put(weights.Take(
      embeddings + "token_embedding.weight", {vocabulary, tower.width}));
  parts.position_table = placement.Put(weights.Take(
      embeddings + "position_embedding.weight", {length, tower.width}));
  parts.blocks =
      LoadClipBlocks(weights, prefix + "encoder.", tower,
                     /*causal=*/false, /*split_last=*/true, placement);
  parts.final_norm =
      LoadClipNorm(weights, prefix + "final_layer_norm", tower, placement);
  const at::Tensor head_weight =
      weights.Take(prefix + "head.weight", {width, tower.width});
  parts.head = Linear(head_weight, weights.Take(prefix + "head.bias", {width}),
                      placement);
  parts.logit_scale = TakeLogitScale(weights, {1}, checkpoint);
  parts.logit_bias = weights.Take("logit_bias", {1}).item<double>();
  EYECHART_REQUIRE(std::isfinite(parts.logit_bias),
                   "{}: tensor logit_bias is {}; it should be finite",
                   checkpoint.name, parts.logit_bias);
  weights.Finish({.prefixes = {"vision_model."}, .suffixes = {"position_ids"}},
                 options);
  return std::make_unique<SiglipTextEncoder>(
      std::move(parts), SiglipTokenizer(checkpoint.folder, pad),
      checkpoint.folder.string(), placement);
}

}  // namespace eyechart::encoders
