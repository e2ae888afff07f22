#include "encoders/aimv2.h"

#include <utility>

#include "core/error.h"
#include "encoders/aimv2_head.h"
#include "encoders/aimv2_layers.h"
#include "encoders/aimv2_layouts.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

struct ImageConfig {
  Aimv2Tower tower;
  std::int64_t image = 0;
  std::int64_t patch = 0;
  bool native = false;
  bool head = false;
};

ImageConfig ReadAimv2Config(const ConfigReader& reader,
                            const WeightStore& weights,
                            const std::string& prefix,
                            bool apple) {
  ImageConfig config;
  config.tower = ReadAimv2Tower(reader, {.width = 1024,
                                         .inner = 2816,
                                         .layers = 24,  //
                                         .heads = 8});
  config.image = reader.Side("image_size", 224);
  config.patch = reader.Side("patch_size", 14);
  // Apple's own configs have neither key: their weights tell.
  config.native = reader.Flag(
      "is_native",
      apple && !weights.Has(prefix + "embeddings.position_embedding.weight"));
  config.head =
      reader.Flag("use_head", !apple || weights.Has(prefix + "head.cls_token"));
  EYECHART_REQUIRE(reader.Size("num_channels", 3) == 3,
                   "{}: \"num_channels\" should be 3", reader.source());
  EYECHART_REQUIRE(config.image >= config.patch,
                   "{}: \"image_size\" {} is below a patch, {}",
                   reader.source(), config.image, config.patch);
  EYECHART_REQUIRE(!config.native || config.tower.width % 4 == 0,
                   "{}: \"hidden_size\" {} should be a multiple of 4, as "
                   "\"is_native\" has positions of sines and cosines of rows "
                   "and columns",
                   reader.source(), config.tower.width);
  return config;
}

PatchEmbedding LoadAimv2Embedding(WeightStore& weights,
                                  const std::string& prefix,
                                  const ImageConfig& config,
                                  const Placement& placement) {
  const std::int64_t c = config.tower.width;
  const std::int64_t side = config.image / config.patch;
  PatchEmbeddingWeights embedding;
  embedding.source = weights.source();
  embedding.projection = weights.Take(prefix + "patch_embed.weight",
                                      {c, 3, config.patch, config.patch});
  embedding.bias = weights.Take(prefix + "patch_embed.bias", {c});
  embedding.norm =
      LoadAimv2Norm(weights, prefix + "rms_norm", config.tower, placement);
  if (!config.native)
    embedding.positions =
        weights.Take(prefix + "position_embedding.weight", {side * side, c});
  return PatchEmbedding(
      embedding, config.native ? PositionRule::kSinCos : PositionRule::kFixed,
      placement);
}

// Vision-only folders are written with and without the prefix.
std::string Aimv2VisionPrefix(const Checkpoint& checkpoint,
                              const WeightStore& weights) {
  const bool bare = !Aimv2HasBothTowers(checkpoint) &&
                    !weights.Has("vision_model.embeddings.patch_embed.weight");
  return bare ? "" : "vision_model.";
}

ImageConfig Aimv2ConfigOf(const Checkpoint& checkpoint,
                          const WeightStore& weights,
                          const std::string& prefix) {
  const bool apple =
      checkpoint.model_type == "aimv2" && !Aimv2HasBothTowers(checkpoint);
  return ReadAimv2Config(Aimv2TowerConfig(checkpoint, "vision"), weights,
                         prefix, apple);
}

}  // namespace

std::unique_ptr<ImageEncoder> MakeAimv2ImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const bool both_towers = Aimv2HasBothTowers(checkpoint);
  const ConfigReader reader = Aimv2TowerConfig(checkpoint, "vision");

  WeightStore weights(checkpoint, Aimv2Layouts());
  const std::string prefix = Aimv2VisionPrefix(checkpoint, weights);
  const ImageConfig config = Aimv2ConfigOf(checkpoint, weights, prefix);
  const std::int64_t width = config.tower.width;
  VitParts parts{
      .embedding = LoadAimv2Embedding(weights, prefix + "embeddings.", config,
                                      placement),
      .pre_norm = std::nullopt,
      .blocks = LoadAimv2Blocks(weights, prefix + "encoder.", config.tower,
                                /*causal=*/false, placement),
      .post_norm =
          LoadAimv2Norm(weights, prefix + "rms_norm", config.tower, placement),
      .normed_tokens = true,
      .pool_head = nullptr,
      .projection = std::nullopt};
  if (config.head)
    parts.pool_head =
        LoadAimv2Head(weights, prefix + "head.", config.tower, placement);

  EncoderInfo info;
  info.pools = {{Pool::kMean, width}};
  info.default_pool = config.head ? Pool::kHead : Pool::kMean;
  if (config.head) info.pools[Pool::kHead] = width;
  if (both_towers) {
    const ConfigReader outer(checkpoint.config, checkpoint.config_source);
    EYECHART_REQUIRE(config.head,
                     "{}: \"use_head\" is false, but the projection of an "
                     "aimv2 with two towers is of the head's output",
                     reader.source());
    info.pools[Pool::kHead] = outer.Size("projection_dim", 512);
    parts.projection = Linear(weights.Take("visual_projection.weight",
                                           {info.pools[Pool::kHead], width}),
                              at::Tensor(), placement);
  }
  info.family = checkpoint.model_type;
  info.image_height = info.image_width = static_cast<int>(config.image);
  info.patch_size = static_cast<int>(config.patch);
  info.token_width = width;
  info.has_text = both_towers;
  weights.Finish(
      {.prefixes = {"text_model.", "text_projection.", "logit_scale"},
       .suffixes = {"position_ids"}},
      options, info);
  return std::make_unique<Vit>(std::move(parts), std::move(info), placement);
}

LastBlocks ReadLastAimv2Blocks(const Checkpoint& checkpoint,
                               std::int64_t count) {
  WeightStore weights(checkpoint, Aimv2Layouts());
  const std::string prefix = Aimv2VisionPrefix(checkpoint, weights);
  const Aimv2Tower tower = Aimv2ConfigOf(checkpoint, weights, prefix).tower;
  LastBlocks last =
      ReadLastAimv2Layers(weights, prefix + "encoder.", tower,
                          FirstOfLast(count, tower.layers, checkpoint.name));
  last.norm_weight = weights.Take(prefix + "rms_norm.weight", {tower.width});
  weights.RequireComplete();
  return last;
}

}  // namespace eyechart::encoders
