#include "encoders/hiera.h"

#include <cmath>
#include <utility>
#include <vector>

#include "core/error.h"
#include "encoders/config_reader.h"
#include "encoders/hiera_trunk.h"
#include "encoders/vit.h"
#include "encoders/weights.h"

namespace eyechart::encoders {
namespace {

struct HieraConfig {
  std::int64_t image = 0;
  std::int64_t kernel = 0;
  std::int64_t stride = 0;
  std::int64_t padding = 0;
  std::int64_t query_stride = 0;  // along a side, as mask_unit
  std::int64_t mask_unit = 0;
  std::int64_t query_pools = 0;
  double mlp_ratio = 4;
  double epsilon = 1e-6;
  Activation activation = Activation::kGelu;
  // One entry a stage.
  std::vector<std::int64_t> widths, depths, heads;
  std::vector<bool> masked;

  std::int64_t Inner(std::size_t stage) const {
    return static_cast<std::int64_t>(static_cast<double>(widths[stage]) *
                                     mlp_ratio);
  }
};

// The stages' widths and lists of one entry a stage.
void ReadStages(const ConfigReader& reader, HieraConfig& config) {
  config.depths = reader.Sizes("depths", {2, 3, 16, 3});
  config.heads = reader.Sizes("num_heads", {1, 2, 4, 8});
  config.masked =
      reader.Flags("masked_unit_attention", {true, true, false, false});
  const std::size_t stages = config.depths.size();
  const auto one_a_stage = [&](const char* key, std::size_t length) {
    EYECHART_REQUIRE(length == stages,
                     "{}: \"{}\" has {} entries and \"depths\" has {}; there "
                     "should be one a stage",
                     reader.source(), key, length, stages);
  };
  one_a_stage("num_heads", config.heads.size());
  one_a_stage("masked_unit_attention", config.masked.size());

  const auto first = static_cast<double>(reader.Size("embed_dim", 96));
  const double multiplier = reader.Number("embed_dim_multiplier", 2);
  for (std::size_t i = 0; i < stages; ++i) {
    const double width = first * std::pow(multiplier, static_cast<double>(i));
    EYECHART_REQUIRE(width >= 1 && width <= 1 << 24,
                     "{}: \"embed_dim_multiplier\" is {}; stage {} would be {} "
                     "wide",
                     reader.source(), multiplier, i + 1, width);
    config.widths.push_back(static_cast<std::int64_t>(width));
    reader.RequireHeads(config.widths[i], config.heads[i]);
    EYECHART_REQUIRE(config.Inner(i) > 0, "{}: \"mlp_ratio\" {} leaves no MLP",
                     reader.source(), config.mlp_ratio);
  }
}

// Pooling and mask units.
void CheckPooling(const ConfigReader& reader, const HieraConfig& config) {
  const std::size_t stages = config.depths.size();
  EYECHART_REQUIRE(config.query_pools < static_cast<std::int64_t>(stages),
                   "{}: \"num_query_pool\" is {}; it should be below the "
                   "number of stages, {}",
                   reader.source(), config.query_pools, stages);
  std::int64_t pooled = 1;
  for (std::size_t i = 1; i < stages; ++i) {
    pooled *= config.query_stride;
    EYECHART_REQUIRE(
        pooled <= config.mask_unit && config.mask_unit % pooled == 0,
        "{}: \"masked_unit_size\" {} is not divisible by "
        "\"query_stride\" {} to the power of {}",
        reader.source(), config.mask_unit, config.query_stride, stages - 1);
    EYECHART_REQUIRE(static_cast<std::int64_t>(i) > config.query_pools ||
                         config.query_stride == 1 ||
                         config.widths[i] != config.widths[i - 1],
                     "{}: \"embed_dim_multiplier\" leaves stage {} as wide as "
                     "the one before; a stage that pools should differ",
                     reader.source(), i + 1);
  }
}

HieraConfig ReadHieraConfig(const ConfigReader& reader) {
  HieraConfig config;
  config.image = reader.Side("image_size", 224);
  config.kernel = reader.Side("patch_size", 7);
  config.stride = reader.Side("patch_stride", 4);
  config.query_stride = reader.Side("query_stride", 2);
  config.mask_unit = reader.Side("masked_unit_size", 8);
  config.mlp_ratio = reader.Number("mlp_ratio", 4);
  config.epsilon = reader.Epsilon("layer_norm_eps", 1e-6);
  config.activation = reader.GetActivation("hidden_act", "gelu");
  const std::vector<std::int64_t> padding =
      reader.Sizes("patch_padding", {3, 3}, 0);
  EYECHART_REQUIRE(padding.size() == 2 && padding[0] == padding[1] &&
                       padding[0] <= config.kernel,
                   "{}: \"patch_padding\" should be a list of two equal "
                   "integers, at most \"patch_size\", {}",
                   reader.source(), config.kernel);
  config.padding = padding[0];
  config.query_pools = JsonGetOr<std::int64_t>(
      reader.object(), "num_query_pool", 3, reader.source());
  EYECHART_REQUIRE(config.query_pools >= 0,
                   "{}: \"num_query_pool\" is {}; it should be at least 0",
                   reader.source(), config.query_pools);
  EYECHART_REQUIRE(config.mlp_ratio > 0 && config.mlp_ratio <= 64,
                   "{}: \"mlp_ratio\" is {}; it should be from 0 to 64",
                   reader.source(), config.mlp_ratio);
  EYECHART_REQUIRE(reader.Size("num_channels", 3) == 3,
                   "{}: \"num_channels\" should be 3", reader.source());
  EYECHART_REQUIRE(config.image <= 1 << 15 && config.image >= config.stride,
                   "{}: \"image_size\" is {}; it should be from "
                   "\"patch_stride\", {}, to {}",
                   reader.source(), config.image, config.stride, 1 << 15);
  ReadStages(reader, config);
  CheckPooling(reader, config);
  return config;
}

// Block `i` of stage `stage`.
HieraBlock LoadBlock(WeightStore& weights,
                     const std::string& prefix,
                     const HieraConfig& config,
                     std::size_t stage,
                     bool first,
                     const Placement& placement) {
  const std::int64_t c = config.widths[stage];
  const bool entry = first && stage > 0;
  const std::int64_t in = entry ? config.widths[stage - 1] : c;
  const std::int64_t inner = config.Inner(stage);
  const auto weight = [&](const char* name, std::int64_t rows,
                          std::int64_t columns) {
    return weights.Take(prefix + name + ".weight", {rows, columns});
  };
  const auto vector = [&](const char* name, std::int64_t size) {
    return weights.Take(prefix + name, {size});
  };

  HieraBlockWeights block;
  block.norm1_weight = vector("layernorm_before.weight", in);
  block.norm1_bias = vector("layernorm_before.bias", in);
  block.qkv_weight = weight("attn.qkv", 3 * c, in);
  block.qkv_bias = vector("attn.qkv.bias", 3 * c);
  block.out_weight = weight("attn.proj", c, c);
  block.out_bias = vector("attn.proj.bias", c);
  if (in != c) {
    block.expand_weight = weight("proj", c, in);
    block.expand_bias = vector("proj.bias", c);
  }
  block.norm2_weight = vector("layernorm_after.weight", c);
  block.norm2_bias = vector("layernorm_after.bias", c);
  block.up_weight = weight("mlp.fc1", inner, c);
  block.up_bias = vector("mlp.fc1.bias", inner);
  block.down_weight = weight("mlp.fc2", c, inner);
  block.down_bias = vector("mlp.fc2.bias", c);

  HieraBlockOptions options;
  options.heads = config.heads[stage];
  options.epsilon = config.epsilon;
  options.activation = config.activation;
  const std::int64_t area = config.query_stride * config.query_stride;
  if (entry && static_cast<std::int64_t>(stage) <= config.query_pools)
    options.pool = area;
  // A stage's first block still attends as the stage before did: pooling comes
  // first.
  if (config.masked[stage] || (entry && config.masked[stage - 1])) {
    options.window = config.mask_unit * config.mask_unit;
    for (std::size_t i = 0; i < stage; ++i) options.window /= area;
  }
  return HieraBlock(block, options, placement);
}

std::vector<std::vector<HieraBlock>> LoadStages(WeightStore& weights,
                                                const std::string& prefix,
                                                const HieraConfig& config,
                                                const Placement& placement) {
  std::vector<std::vector<HieraBlock>> stages;
  for (std::size_t i = 0; i < config.depths.size(); ++i) {
    std::vector<HieraBlock>& blocks = stages.emplace_back();
    for (std::int64_t j = 0; j < config.depths[i]; ++j)
      blocks.push_back(LoadBlock(
          weights, fmt::format("{}encoder.stages.{}.layers.{}.", prefix, i, j),
          config, i, j == 0, placement));
  }
  return stages;
}

// The classifier, and what masked pre-training and the backbone class add.
const IgnoredKeys kHieraIgnored = {
    .prefixes = {"classifier.", "decoder.", "encoder_norm.",
                 "multiscale_fusion.", "hidden_states_norms."},
    .suffixes = {}};

}  // namespace

std::unique_ptr<ImageEncoder> MakeHieraEncoder(const Checkpoint& checkpoint,
                                               const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const std::string source = checkpoint.config_source;
  const HieraConfig config =
      ReadHieraConfig(ConfigReader(checkpoint.config, source));
  const std::int64_t c = config.widths.back();

  WeightStore weights(checkpoint);
  const std::string prefix =
      weights.Has("hiera.embeddings.position_embeddings") ? "hiera." : "";
  const std::string projection =
      prefix + "embeddings.patch_embeddings.projection.";
  const std::string pooler = prefix + "pooler.layernorm.";
  const std::int64_t side = config.image / config.stride;
  const at::Tensor kernel =
      weights.Take(projection + "weight",
                   {config.widths[0], 3, config.kernel, config.kernel});
  HieraParts parts{
      .source = weights.source(),
      .embedding = Convolution(
          kernel, weights.Take(projection + "bias", {config.widths[0]}),
          {.stride = config.stride, .padding = config.padding, .groups = 1},
          placement),
      .positions = weights
                       .Take(prefix + "embeddings.position_embeddings",
                             {1, side * side, config.widths[0]})
                       .squeeze(0),
      .stages = LoadStages(weights, prefix, config, placement),
      .query_stride = config.query_stride,
      .pools = config.query_pools,
      .pooler = std::nullopt};

  EncoderInfo info;
  info.pools = {{Pool::kMean, c}};
  info.default_pool = Pool::kMean;
  // Folders of pre-training, and of backbones, have no pooler.
  if (weights.Has(pooler + "weight") || weights.Has(pooler + "bias")) {
    const at::Tensor scale = weights.Take(pooler + "weight", {c});
    parts.pooler.emplace(
        NormKind::kLayer, scale, weights.Take(pooler + "bias", {c}),
        config.epsilon,
        Placement{c10::kFloat, placement.device, placement.rounded});
    info.pools[Pool::kHead] = c;
    info.default_pool = Pool::kHead;
  }
  std::int64_t stride = config.stride;
  for (std::size_t i = 0; i < config.widths.size(); ++i) {
    if (i > 0 && static_cast<std::int64_t>(i) <= config.query_pools)
      stride *= config.query_stride;
    info.pyramid.push_back({config.widths[i], static_cast<int>(stride)});
  }
  info.family = checkpoint.model_type;
  info.image_height = info.image_width = static_cast<int>(config.image);
  info.patch_size = static_cast<int>(stride);
  info.token_width = c;
  weights.Finish(kHieraIgnored, options, info);
  return std::make_unique<HieraTrunk>(std::move(parts), std::move(info),
                                      placement);
}

}  // namespace eyechart::encoders
