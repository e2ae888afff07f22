#include "encoders/siglip.h"

#include <utility>

#include "core/error.h"
#include "encoders/siglip_head.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

PatchEmbedding LoadSiglipEmbedding(WeightStore& weights,
                                   const std::string& prefix,
                                   std::int64_t width,
                                   std::int64_t patch,
                                   std::int64_t image,
                                   const Placement& placement) {
  const std::int64_t side = image / patch;
  PatchEmbeddingWeights embedding;
  embedding.source = weights.source();
  embedding.projection =
      weights.Take(prefix + "patch_embedding.weight", {width, 3, patch, patch});
  embedding.bias = weights.Take(prefix + "patch_embedding.bias", {width});
  embedding.positions =
      weights.Take(prefix + "position_embedding.weight", {side * side, width});
  return PatchEmbedding(embedding, PositionRule::kBicubic, placement);
}

bool HasSiglipTowers(const Checkpoint& checkpoint) {
  return checkpoint.model_type == "siglip";
}

ConfigReader SiglipVisionConfig(const Checkpoint& checkpoint) {
  return HasSiglipTowers(checkpoint)
             ? ClipTowerConfig(checkpoint, "vision")
             : ConfigReader(checkpoint.config, checkpoint.config_source);
}

// Vision-only folders are written with and without the prefix.
std::string SiglipVisionPrefix(const Checkpoint& checkpoint,
                               const WeightStore& weights) {
  const bool bare = !HasSiglipTowers(checkpoint) &&
                    weights.Has("embeddings.patch_embedding.weight");
  return bare ? "" : "vision_model.";
}

}  // namespace

ClipTower ReadSiglipTower(const ConfigReader& config) {
  ClipTower defaults;
  defaults.width = 768;
  defaults.inner = 3072;
  defaults.layers = 12;
  defaults.heads = 12;
  defaults.epsilon = 1e-6;
  defaults.activation = Activation::kGeluTanh;
  return ReadTower(config, defaults);
}

std::unique_ptr<ImageEncoder> MakeSiglipImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const bool both_towers = HasSiglipTowers(checkpoint);
  const ConfigReader config = SiglipVisionConfig(checkpoint);
  const ClipTower tower = ReadSiglipTower(config);
  const std::int64_t image = config.Side("image_size", 224);
  const std::int64_t patch = config.Side("patch_size", 16);
  EYECHART_REQUIRE(config.Size("num_channels", 3) == 3,
                   "{}: \"num_channels\" should be 3", config.source());
  EYECHART_REQUIRE(image >= patch, "{}: \"image_size\" {} is below a patch, {}",
                   config.source(), image, patch);

  WeightStore weights(checkpoint);
  const std::string prefix = SiglipVisionPrefix(checkpoint, weights);
  VitParts parts{
      .embedding = LoadSiglipEmbedding(weights, prefix + "embeddings.",
                                       tower.width, patch, image, placement),
      .pre_norm = std::nullopt,
      .blocks =
          LoadClipBlocks(weights, prefix + "encoder.", tower,
                         /*causal=*/false, /*split_last=*/false, placement),
      .post_norm =
          LoadClipNorm(weights, prefix + "post_layernorm", tower, placement),
      .normed_tokens = true,
      .pool_head = nullptr,
      .projection = std::nullopt};
  const bool has_head = config.Flag("vision_use_head", true);
  if (has_head)
    parts.pool_head = std::make_unique<SiglipHead>(weights, prefix + "head.",
                                                   tower, placement);

  EncoderInfo info;
  info.family = checkpoint.model_type;
  info.image_height = info.image_width = static_cast<int>(image);
  info.patch_size = static_cast<int>(patch);
  info.pools = {{Pool::kMean, tower.width}};
  if (has_head) info.pools[Pool::kHead] = tower.width;
  info.default_pool = has_head ? Pool::kHead : Pool::kMean;
  info.token_width = tower.width;
  info.has_text = both_towers;
  weights.Finish(
      {.prefixes = {"text_model.", "logit_scale", "logit_bias", "classifier."},
       .suffixes = {"position_ids"}},
      options, info);
  return std::make_unique<Vit>(std::move(parts), std::move(info), placement);
}

LastBlocks ReadLastSiglipBlocks(const Checkpoint& checkpoint,
                                std::int64_t count) {
  const ClipTower tower = ReadSiglipTower(SiglipVisionConfig(checkpoint));
  const std::int64_t first = FirstOfLast(count, tower.layers, checkpoint.name);
  WeightStore weights(checkpoint);
  const std::string prefix = SiglipVisionPrefix(checkpoint, weights);
  LastBlocks last =
      ReadLastClipLayers(weights, prefix + "encoder.", tower, first);
  last.norm_weight =
      weights.Take(prefix + "post_layernorm.weight", {tower.width});
  last.norm_bias = weights.Take(prefix + "post_layernorm.bias", {tower.width});
  weights.RequireComplete();
  return last;
}

}  // namespace eyechart::encoders
