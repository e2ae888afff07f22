#include "encoders/clip_text.h"

#include <filesystem>
#include <string>
#include <utility>

#include "core/error.h"
#include "encoders/causal_text.h"
#include "encoders/clip_layers.h"
#include "encoders/clip_layouts.h"
#include "encoders/clip_tokenizer.h"
#include "encoders/fast_tokenizer.h"
#include "encoders/tokenizer_files.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

// CLIP's configs from before transformers 4.31 say 2, whatever the vocabulary;
// the reference then pools at the largest id. MetaCLIP 2's end token is 2.
constexpr std::int64_t kLegacyEnd = 2;

bool IsMetaClip2(const Checkpoint& checkpoint) {
  return checkpoint.model_type == "metaclip_2";
}

// MetaCLIP 2 has XLM-V's: a Unigram model, read by the class that
// tokenizer_config.json names, or by XLM-RoBERTa's.
CausalTokenizer ReadClipTokenizer(const Checkpoint& checkpoint) {
  const std::filesystem::path& folder = checkpoint.folder;
  if (!IsMetaClip2(checkpoint)) return ClipTokenizer(folder);
  EYECHART_REQUIRE(std::filesystem::is_regular_file(folder / "tokenizer.json"),
                   "{}: no tokenizer.json, which MetaCLIP 2's text tower needs",
                   folder.string());
  const std::filesystem::path path = folder / "tokenizer_config.json";
  const Json config = ReadOptionalObject(path).value_or(Json::object());
  return FastTokenizer(folder, FastTokenizerClassOf(JsonGetOr<std::string>(
                                   config, "tokenizer_class",
                                   "XLMRobertaTokenizer", path.string())));
}

}  // namespace

std::unique_ptr<TextEncoder> MakeClipTextEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const ConfigReader config = ClipTowerConfig(checkpoint, "text");
  const ConfigReader outer(checkpoint.config, checkpoint.config_source);
  const ClipTower tower = ReadClipTower(config, 512, 8);

  WeightStore weights(checkpoint, ClipLayouts());
  const std::string prefix = "text_model.";
  const std::string embeddings = prefix + "embeddings.";
  CausalTextParts parts;
  parts.token_table =
      weights.Take(embeddings + "token_embedding.weight",
                   {config.Size("vocab_size", 49408), tower.width});
  parts.position_table =
      weights.Take(embeddings + "position_embedding.weight",
                   {config.Size("max_position_embeddings", 77), tower.width});
  parts.blocks =
      LoadClipBlocks(weights, prefix + "encoder.", tower,
                     /*causal=*/true, /*split_last=*/false, placement);
  parts.final_norm =
      LoadClipNorm(weights, prefix + "final_layer_norm", tower, placement);
  parts.projection =
      Linear(weights.Take("text_projection.weight",
                          {outer.Size("projection_dim", 512), tower.width}),
             at::Tensor(), placement);
  const auto end_id = JsonGetOr<std::int64_t>(config.object(), "eos_token_id",
                                              49407, config.source());
  if (end_id != kLegacyEnd || IsMetaClip2(checkpoint)) parts.end_id = end_id;
  parts.logit_scale = TakeLogitScale(weights, {}, checkpoint);
  weights.Finish({.prefixes = {"vision_model.", "visual_projection."},
                  .suffixes = {"position_ids"}},
                 options);
  return std::make_unique<CausalTextEncoder>(std::move(parts),
                                             ReadClipTokenizer(checkpoint),
                                             config.source(), placement);
}

}  // namespace eyechart::encoders
