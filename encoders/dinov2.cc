#include "encoders/dinov2.h"

#include <utility>

#include "core/error.h"
#include "encoders/config_reader.h"
#include "encoders/dinov2_layouts.h"
#include "encoders/vit.h"
#include "encoders/weights.h"

namespace eyechart::encoders {
namespace {

struct Dinov2Config {
  std::int64_t width = 0;
  std::int64_t inner = 0;  // of the MLP; of one half of the SwiGLU
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t image = 0;
  std::int64_t patch = 0;
  std::int64_t registers = 0;
  double epsilon = 1e-6;
  Activation activation = Activation::kGelu;
  bool qkv_bias = true;
  bool swiglu = false;
};

Dinov2Config ReadDinov2Config(const ConfigReader& reader, bool registers) {
  Dinov2Config config;
  config.width = reader.Size("hidden_size", 768);
  config.layers = reader.Size("num_hidden_layers", 12);
  config.heads = reader.Size("num_attention_heads", 12);
  config.image = reader.Side("image_size", 224);
  config.patch = reader.Side("patch_size", registers ? 16 : 14);
  if (registers) config.registers = reader.Size("num_register_tokens", 4);
  config.epsilon = reader.Epsilon("layer_norm_eps", 1e-6);
  config.qkv_bias = reader.Flag("qkv_bias", true);
  config.swiglu = reader.Flag("use_swiglu_ffn", false);
  // SwiGLU's gate is SiLU, whatever stands there.
  config.activation = config.swiglu
                          ? Activation::kSilu
                          : reader.GetActivation("hidden_act", "gelu");
  reader.RequireHeads(config.width, config.heads);
  const double ratio = reader.Number("mlp_ratio", 4);
  EYECHART_REQUIRE(ratio > 0 && ratio <= 64,
                   "{}: \"mlp_ratio\" is {}; it should be from 0 to 64",
                   reader.source(), ratio);
  config.inner =
      static_cast<std::int64_t>(static_cast<double>(config.width) * ratio);
  // Two thirds of the MLP's width, rounded up to a multiple of 8.
  if (config.swiglu) {
    const auto inner = static_cast<double>(config.inner);
    config.inner = (static_cast<std::int64_t>(inner * 2 / 3) + 7) / 8 * 8;
  }
  EYECHART_REQUIRE(config.inner > 0, "{}: \"mlp_ratio\" {} leaves no MLP",
                   reader.source(), ratio);
  EYECHART_REQUIRE(reader.Size("num_channels", 3) == 3,
                   "{}: \"num_channels\" should be 3", reader.source());
  EYECHART_REQUIRE(config.image >= config.patch,
                   "{}: \"image_size\" {} is below a patch, {}",
                   reader.source(), config.image, config.patch);
  return config;
}

BlockWeights ReadDinov2Block(WeightStore& weights,
                             const std::string& model_prefix,
                             std::int64_t layer,
                             const Dinov2Config& config) {
  const std::string prefix =
      fmt::format("{}encoder.layer.{}.", model_prefix, layer);
  const std::int64_t c = config.width;
  const std::string attention = prefix + "attention.attention.";
  const auto stacked = [&](const char* kind,
                           const std::vector<std::int64_t>& shape) {
    return weights.TakeStacked(
        {attention + "query." + kind, attention + "key." + kind,
         attention + "value." + kind},
        shape);
  };
  const std::string up = prefix + (config.swiglu ? "mlp.weights_in"  //
                                                 : "mlp.fc1");
  const std::string down = prefix + (config.swiglu ? "mlp.weights_out"  //
                                                   : "mlp.fc2");
  const std::int64_t up_rows = config.swiglu ? 2 * config.inner : config.inner;

  BlockWeights block;
  block.norm1_weight = weights.Take(prefix + "norm1.weight", {c});
  block.norm1_bias = weights.Take(prefix + "norm1.bias", {c});
  block.qkv_weight = stacked("weight", {c, c});
  if (config.qkv_bias) block.qkv_bias = stacked("bias", {c});
  block.out_weight =
      weights.Take(prefix + "attention.output.dense.weight", {c, c});
  block.out_bias = weights.Take(prefix + "attention.output.dense.bias", {c});
  block.scale1 = weights.Take(prefix + "layer_scale1.lambda1", {c});
  block.norm2_weight = weights.Take(prefix + "norm2.weight", {c});
  block.norm2_bias = weights.Take(prefix + "norm2.bias", {c});
  block.up_weight = weights.Take(up + ".weight", {up_rows, c});
  block.up_bias = weights.Take(up + ".bias", {up_rows});
  block.down_weight = weights.Take(down + ".weight", {c, config.inner});
  block.down_bias = weights.Take(down + ".bias", {c});
  block.scale2 = weights.Take(prefix + "layer_scale2.lambda1", {c});
  return block;
}

BlockOptions Dinov2OptionsOf(const Dinov2Config& config) {
  BlockOptions options;
  options.heads = config.heads;
  options.epsilon = config.epsilon;
  options.activation = config.activation;
  options.gated = config.swiglu;
  return options;
}

std::vector<Block> LoadBlocks(WeightStore& weights,
                              const std::string& prefix,
                              const Dinov2Config& config,
                              const Placement& placement) {
  BlockOptions options = Dinov2OptionsOf(config);
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < config.layers; ++i) {
    options.split_query = i + 1 == config.layers;
    blocks.emplace_back(ReadDinov2Block(weights, prefix, i, config), options,
                        placement);
  }
  return blocks;
}

PatchEmbedding LoadDinov2Embedding(WeightStore& weights,
                                   const std::string& prefix,
                                   const Dinov2Config& config,
                                   const Placement& placement) {
  const std::int64_t c = config.width;
  const std::int64_t side = config.image / config.patch;
  PatchEmbeddingWeights embedding;
  embedding.source = weights.source();
  embedding.projection =
      weights.Take(prefix + "patch_embeddings.projection.weight",
                   {c, 3, config.patch, config.patch});
  embedding.bias =
      weights.Take(prefix + "patch_embeddings.projection.bias", {c});
  embedding.class_token =
      weights.Take(prefix + "cls_token", {1, 1, c}).view({c});
  embedding.positions =
      weights.Take(prefix + "position_embeddings", {1, 1 + side * side, c})
          .squeeze(0);
  if (config.registers > 0)
    embedding.registers =
        weights.Take(prefix + "register_tokens", {1, config.registers, c})
            .squeeze(0);
  // Training's alone, but counted as the reference counts it.
  if (weights.Has(prefix + "mask_token"))
    weights.Acknowledge(prefix + "mask_token");
  return PatchEmbedding(embedding,
                        config.registers > 0 ? PositionRule::kBicubicAntialias
                                             : PositionRule::kBicubic,
                        placement);
}

Norm LoadNorm(WeightStore& weights,
              const std::string& name,
              const Dinov2Config& config,
              const Placement& placement) {
  const at::Tensor weight = weights.Take(name + ".weight", {config.width});
  const at::Tensor bias = weights.Take(name + ".bias", {config.width});
  return Norm(NormKind::kLayer, weight, bias, config.epsilon, placement);
}

Dinov2Config Dinov2ConfigOf(const Checkpoint& checkpoint) {
  const ConfigReader reader(checkpoint.config, checkpoint.config_source);
  return ReadDinov2Config(reader,
                          checkpoint.model_type == "dinov2_with_registers");
}

// Folders of classifiers hold the backbone under its name.
std::string PrefixOf(const Checkpoint& checkpoint, const WeightStore& weights) {
  const std::string prefix = checkpoint.model_type + ".";
  return weights.Has(prefix + "embeddings.cls_token") ? prefix : "";
}

}  // namespace

std::unique_ptr<ImageEncoder> MakeDinov2Encoder(const Checkpoint& checkpoint,
                                                const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const Dinov2Config config = Dinov2ConfigOf(checkpoint);

  WeightStore weights(checkpoint, Dinov2Layouts());
  const std::string prefix = PrefixOf(checkpoint, weights);
  VitParts parts{
      .embedding = LoadDinov2Embedding(weights, prefix + "embeddings.", config,
                                       placement),
      .pre_norm = std::nullopt,
      .blocks = LoadBlocks(weights, prefix, config, placement),
      .post_norm = LoadNorm(weights, prefix + "layernorm", config, placement),
      .normed_tokens = true,
      .pool_head = nullptr,
      .projection = std::nullopt};

  EncoderInfo info;
  info.family = checkpoint.model_type;
  info.image_height = info.image_width = static_cast<int>(config.image);
  info.patch_size = static_cast<int>(config.patch);
  info.pools = {{Pool::kHead, config.width},
                {Pool::kCls, config.width},
                {Pool::kMean, config.width}};
  info.default_pool = Pool::kHead;
  info.token_width = config.width;
  weights.Finish({.prefixes = {"classifier."}, .suffixes = {}}, options, info);
  return std::make_unique<Vit>(std::move(parts), std::move(info), placement);
}

LastBlocks ReadLastDinov2Blocks(const Checkpoint& checkpoint,
                                std::int64_t count) {
  const Dinov2Config config = Dinov2ConfigOf(checkpoint);
  LastBlocks last;
  last.first = FirstOfLast(count, config.layers, checkpoint.name);
  last.options = Dinov2OptionsOf(config);
  last.prefix = 1 + config.registers;
  WeightStore weights(checkpoint, Dinov2Layouts());
  const std::string prefix = PrefixOf(checkpoint, weights);
  for (std::int64_t i = last.first; i < config.layers; ++i)
    last.blocks.push_back(ReadDinov2Block(weights, prefix, i, config));
  last.norm_weight = weights.Take(prefix + "layernorm.weight", {config.width});
  last.norm_bias = weights.Take(prefix + "layernorm.bias", {config.width});
  weights.RequireComplete();
  return last;
}

}  // namespace eyechart::encoders
