#include "encoders/causal_text.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// Texts a pass: bounds memory whatever the number of texts.
constexpr std::size_t kCausalBatch = 64;

// What an error about `tokenizer` begins with: its file, or `model`, beside
// which CLIP's lies, which does not tell its files.
const std::string& TokenizerSource(const CausalTokenizer& tokenizer,
                                   const std::string& model) {
  const auto* fast = std::get_if<FastTokenizer>(&tokenizer);
  return fast == nullptr ? model : fast->source();
}

}  // namespace

CausalTextEncoder::CausalTextEncoder(CausalTextParts parts,
                                     CausalTokenizer tokenizer,
                                     const std::string& source,
                                     const Placement& placement)
    : parts_(std::move(parts)),
      tokenizer_(std::move(tokenizer)),
      source_(source),
      placement_(placement) {
  EYECHART_REQUIRE(parts_.position_table.size(0) >= 2,
                   "{}: {} positions leave no room for the start and end "
                   "tokens",
                   source, parts_.position_table.size(0));
  // Every text ends with it, so that none could be encoded.
  if (const auto* clip = std::get_if<ClipTokenizer>(&tokenizer_))
    EYECHART_REQUIRE(clip->end_id() < parts_.token_table.size(0),
                     "{}: the tokenizer beside it ends texts with id {}, the "
                     "text tower knows {} tokens: they do not belong together",
                     source, clip->end_id(), parts_.token_table.size(0));
  for (at::Tensor* table : {&parts_.token_table, &parts_.position_table})
    *table = placement.Put(*table);
}

at::Tensor CausalTextEncoder::Encode(const std::vector<std::string>& texts) {
  const c10::InferenceMode inference;
  EYECHART_REQUIRE(!texts.empty(), "no texts to encode");
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < texts.size(); i += kCausalBatch)
    parts.push_back(EncodeBatch(
        std::span(texts).subspan(i, std::min(kCausalBatch, texts.size() - i))));
  return at::cat(parts);
}

std::int64_t CausalTextEncoder::PoolPosition(
    const std::vector<std::int64_t>& ids) const {
  const auto it = parts_.end_id
                      ? std::find(ids.begin(), ids.end(), *parts_.end_id)
                      : std::max_element(ids.begin(), ids.end());
  return it == ids.end() ? 0 : it - ids.begin();
}

at::Tensor CausalTextEncoder::EncodeBatch(
    std::span<const std::string> texts) const {
  const std::int64_t limit = parts_.position_table.size(0);
  const std::int64_t vocabulary = parts_.token_table.size(0);
  std::vector<std::vector<std::int64_t>> ids;
  std::size_t longest = 0;
  for (const std::string& text : texts) {
    ids.push_back(std::visit(
        [&](const auto& tokenizer) { return tokenizer.Encode(text, limit); },
        tokenizer_));
    EYECHART_REQUIRE(
        !ids.back().empty(),
        "{}: the tokenizer gives no token for the text \"{:.40}\"; "
        "it should put one at the end of every text",
        TokenizerSource(tokenizer_, source_), text);
    longest = std::max(longest, ids.back().size());
    const auto [least, most] =
        std::minmax_element(ids.back().begin(), ids.back().end());
    for (const std::int64_t id : {*least, *most})
      EYECHART_REQUIRE(id >= 0 && id < vocabulary,
                       "{}: the tokenizer gives id {}, the text tower knows {} "
                       "tokens: they do not belong together",
                       TokenizerSource(tokenizer_, source_), id, vocabulary);
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
  at::Tensor x = at::embedding(parts_.token_table, input.to(placement_.device));
  x.add_(parts_.position_table.narrow(0, 0, tokens));
  for (const Block& block : parts_.blocks) x = block.Forward(x, tokens);

  at::Tensor pooled = at::empty({batch, x.size(2)}, x.options());
  for (std::int64_t i = 0; i < batch; ++i)
    pooled[i].copy_(x[i][PoolPosition(ids[static_cast<std::size_t>(i)])]);
  return parts_.projection.Forward(parts_.final_norm.Forward(pooled))
      .to(c10::kFloat)
      .cpu();
}

}  // namespace eyechart::encoders
