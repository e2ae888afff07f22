#include "encoders/clip.h"

#include <utility>

#include "core/error.h"
#include "encoders/clip_layers.h"
#include "encoders/clip_layouts.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

constexpr std::string_view kProjection = "visual_projection.weight";

PatchEmbedding LoadClipEmbedding(WeightStore& weights,
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
  embedding.class_token = weights.Take(prefix + "class_embedding", {width});
  embedding.positions = weights.Take(prefix + "position_embedding.weight",
                                     {1 + side * side, width});
  return PatchEmbedding(embedding, PositionRule::kBicubic, placement);
}

bool HasClipTowers(const Checkpoint& checkpoint) {
  return checkpoint.model_type == "clip" ||
         checkpoint.model_type == "metaclip_2";
}

ConfigReader ClipVisionConfig(const Checkpoint& checkpoint) {
  return HasClipTowers(checkpoint)
             ? ClipTowerConfig(checkpoint, "vision")
             : ConfigReader(checkpoint.config, checkpoint.config_source);
}

// Vision-only folders are written with and without the prefix.
std::string ClipVisionPrefix(const Checkpoint& checkpoint,
                             const WeightStore& weights) {
  const bool bare =
      !HasClipTowers(checkpoint) && weights.Has("embeddings.class_embedding");
  return bare ? "" : "vision_model.";
}

}  // namespace

std::unique_ptr<ImageEncoder> MakeClipImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const bool both_towers = HasClipTowers(checkpoint);
  const std::string source = checkpoint.config_source;
  const ConfigReader config = ClipVisionConfig(checkpoint);
  const ClipTower tower = ReadClipTower(config, 768, 12);
  const std::int64_t image = config.Side("image_size", 224);
  const std::int64_t patch = config.Side("patch_size", 32);
  EYECHART_REQUIRE(config.Size("num_channels", 3) == 3,
                   "{}: \"num_channels\" should be 3", config.source());
  EYECHART_REQUIRE(image >= patch, "{}: \"image_size\" {} is below a patch, {}",
                   config.source(), image, patch);

  WeightStore weights(checkpoint, ClipLayouts());
  const std::string prefix = ClipVisionPrefix(checkpoint, weights);
  VitParts parts{
      .embedding = LoadClipEmbedding(weights, prefix + "embeddings.",
                                     tower.width, patch, image, placement),
      // The reference's own spelling.
      .pre_norm =
          LoadClipNorm(weights, prefix + "pre_layrnorm", tower, placement),
      .blocks =
          LoadClipBlocks(weights, prefix + "encoder.", tower,
                         /*causal=*/false, /*split_last=*/true, placement),
      .post_norm =
          LoadClipNorm(weights, prefix + "post_layernorm", tower, placement),
      .normed_tokens = false,
      .pool_head = nullptr,
      .projection = std::nullopt};

  std::int64_t head_width = tower.width;
  const std::string projection(kProjection);
  if (both_towers || weights.Has(projection)) {
    const ConfigReader outer(checkpoint.config, source);
    head_width = outer.Size("projection_dim", 512);
    parts.projection =
        Linear(weights.Take(projection, {head_width, tower.width}),
               at::Tensor(), placement);
  }

  EncoderInfo info;
  info.family = checkpoint.model_type;
  info.image_height = info.image_width = static_cast<int>(image);
  info.patch_size = static_cast<int>(patch);
  info.pools = {{Pool::kHead, head_width},
                {Pool::kCls, tower.width},
                {Pool::kMean, tower.width}};
  info.default_pool = Pool::kHead;
  info.token_width = tower.width;
  info.has_text = both_towers;
  IgnoredKeys ignored{
      .prefixes = {"text_model.", "text_projection.", "logit_scale"},
      .suffixes = {"position_ids"}};
  // A text tower of another kind, as open_clip names it.
  if (!checkpoint.text_problem.empty()) ignored.prefixes.push_back("text.");
  weights.Finish(ignored, options, info);
  return std::make_unique<Vit>(std::move(parts), std::move(info), placement);
}

LastBlocks ReadLastClipBlocks(const Checkpoint& checkpoint,
                              std::int64_t count) {
  const ClipTower tower = ReadClipTower(ClipVisionConfig(checkpoint), 768, 12);
  const std::int64_t first = FirstOfLast(count, tower.layers, checkpoint.name);
  WeightStore weights(checkpoint, ClipLayouts());
  LastBlocks last = ReadLastClipLayers(
      weights, ClipVisionPrefix(checkpoint, weights) + "encoder.", tower,
      first);
  last.prefix = 1;
  weights.RequireComplete();
  return last;
}

}  // namespace eyechart::encoders
