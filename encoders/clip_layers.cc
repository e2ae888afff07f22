#include "encoders/clip_layers.h"

#include <cmath>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

const Json& EmptyObject() {
  static const Json empty = Json::object();
  return empty;
}

BlockWeights ReadClipBlock(WeightStore& weights,
                           const std::string& prefix,
                           const ClipTower& tower) {
  const std::int64_t c = tower.width;
  const std::string attention = prefix + "self_attn.";
  const auto stacked = [&](const char* kind,
                           const std::vector<std::int64_t>& shape) {
    return weights.TakeStacked(
        {attention + "q_proj." + kind, attention + "k_proj." + kind,
         attention + "v_proj." + kind},
        shape);
  };
  BlockWeights block;
  block.norm1_weight = weights.Take(prefix + "layer_norm1.weight", {c});
  block.norm1_bias = weights.Take(prefix + "layer_norm1.bias", {c});
  block.qkv_weight = stacked("weight", {c, c});
  block.qkv_bias = stacked("bias", {c});
  block.out_weight = weights.Take(attention + "out_proj.weight", {c, c});
  block.out_bias = weights.Take(attention + "out_proj.bias", {c});
  block.norm2_weight = weights.Take(prefix + "layer_norm2.weight", {c});
  block.norm2_bias = weights.Take(prefix + "layer_norm2.bias", {c});
  block.up_weight = weights.Take(prefix + "mlp.fc1.weight", {tower.inner, c});
  block.up_bias = weights.Take(prefix + "mlp.fc1.bias", {tower.inner});
  block.down_weight = weights.Take(prefix + "mlp.fc2.weight", {c, tower.inner});
  block.down_bias = weights.Take(prefix + "mlp.fc2.bias", {c});
  return block;
}

BlockOptions ClipOptionsOf(const ClipTower& tower) {
  BlockOptions options;
  options.heads = tower.heads;
  options.epsilon = tower.epsilon;
  options.activation = tower.activation;
  return options;
}

std::string ClipLayerPrefix(const std::string& prefix, std::int64_t layer) {
  return fmt::format("{}layers.{}.", prefix, layer);
}

}  // namespace

ConfigReader ClipTowerConfig(const Checkpoint& checkpoint,
                             std::string_view name) {
  const std::string source = checkpoint.config_source;
  for (const char* ending : {"_config_dict", "_config"}) {
    const std::string key = std::string(name) + ending;
    const auto it = checkpoint.config.find(key);
    if (it != checkpoint.config.end() && !it->is_null())
      return ConfigReader(*it, fmt::format("{}: \"{}\"", source, key));
  }
  return ConfigReader(EmptyObject(), source);
}

ClipTower ReadTower(const ConfigReader& config, const ClipTower& defaults) {
  ClipTower tower = defaults;
  tower.width = config.Size("hidden_size", defaults.width);
  tower.inner = config.Size("intermediate_size", defaults.inner);
  tower.layers = config.Size("num_hidden_layers", defaults.layers);
  tower.heads = config.Size("num_attention_heads", defaults.heads);
  tower.epsilon = config.Epsilon("layer_norm_eps", defaults.epsilon);
  // The activation has a name only in the file.
  if (config.object().contains("hidden_act"))
    tower.activation = config.GetActivation("hidden_act", "quick_gelu");
  config.RequireHeads(tower.width, tower.heads);
  return tower;
}

ClipTower ReadClipTower(const ConfigReader& config,
                        std::int64_t default_width,
                        std::int64_t default_heads) {
  ClipTower defaults;
  defaults.width = default_width;
  defaults.inner = 4 * default_width;
  defaults.layers = 12;
  defaults.heads = default_heads;
  return ReadTower(config, defaults);
}

std::vector<Block> LoadClipBlocks(WeightStore& weights,
                                  const std::string& prefix,
                                  const ClipTower& tower,
                                  bool causal,
                                  bool split_last,
                                  const Placement& placement) {
  BlockOptions options = ClipOptionsOf(tower);
  options.causal = causal;
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < tower.layers; ++i) {
    options.split_query = split_last && i + 1 == tower.layers;
    blocks.emplace_back(
        ReadClipBlock(weights, ClipLayerPrefix(prefix, i), tower), options,
        placement);
  }
  return blocks;
}

LastBlocks ReadLastClipLayers(WeightStore& weights,
                              const std::string& prefix,
                              const ClipTower& tower,
                              std::int64_t first) {
  LastBlocks last;
  last.first = first;
  last.options = ClipOptionsOf(tower);
  for (std::int64_t i = first; i < tower.layers; ++i)
    last.blocks.push_back(
        ReadClipBlock(weights, ClipLayerPrefix(prefix, i), tower));
  return last;
}

Norm LoadClipNorm(WeightStore& weights,
                  const std::string& name,
                  const ClipTower& tower,
                  const Placement& placement) {
  const at::Tensor weight = weights.Take(name + ".weight", {tower.width});
  const at::Tensor bias = weights.Take(name + ".bias", {tower.width});
  return Norm(NormKind::kLayer, weight, bias, tower.epsilon, placement);
}

double TakeLogitScale(WeightStore& weights,
                      const std::vector<std::int64_t>& shape,
                      const Checkpoint& checkpoint) {
  constexpr double kMost = 80;
  const double scale = weights.Take("logit_scale", shape).item<double>();
  EYECHART_REQUIRE(std::isfinite(scale) && scale <= kMost,
                   "{}: tensor logit_scale is {}; it is the logarithm of what "
                   "cosines are multiplied by, and should be at most {}",
                   checkpoint.name, scale, kMost);
  return std::exp(scale);
}

}  // namespace eyechart::encoders
