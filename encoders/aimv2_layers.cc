#include "encoders/aimv2_layers.h"

#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

bool HasObject(const Json& config, const std::string& key) {
  const auto it = config.find(key);
  return it != config.end() && !it->is_null();
}

BlockWeights ReadAimv2Block(WeightStore& weights,
                            const std::string& prefix,
                            const Aimv2Tower& tower) {
  const std::int64_t c = tower.width;
  const std::string attention = prefix + "attention.";
  const std::string mlp = prefix + "ffn.";
  const auto stacked = [&](const char* kind,
                           const std::vector<std::int64_t>& shape) {
    return weights.TakeStacked(
        {attention + "q_proj." + kind, attention + "k_proj." + kind,
         attention + "v_proj." + kind},
        shape);
  };
  const auto gate_and_up = [&](const char* kind,
                               const std::vector<std::int64_t>& shape) {
    return weights.TakeStacked(
        {mlp + "gate_proj." + kind, mlp + "up_proj." + kind}, shape);
  };
  BlockWeights block;
  block.norm1_weight = weights.Take(prefix + "rms_norm1.weight", {c});
  block.qkv_weight = stacked("weight", {c, c});
  if (tower.qkv_bias) block.qkv_bias = stacked("bias", {c});
  block.out_weight = weights.Take(attention + "out_proj.weight", {c, c});
  if (tower.out_bias)
    block.out_bias = weights.Take(attention + "out_proj.bias", {c});
  block.norm2_weight = weights.Take(prefix + "rms_norm2.weight", {c});
  block.up_weight = gate_and_up("weight", {tower.inner, c});
  block.down_weight = weights.Take(mlp + "down_proj.weight", {c, tower.inner});
  if (tower.mlp_bias) {
    block.up_bias = gate_and_up("bias", {tower.inner});
    block.down_bias = weights.Take(mlp + "down_proj.bias", {c});
  }
  return block;
}

BlockOptions Aimv2OptionsOf(const Aimv2Tower& tower) {
  BlockOptions options;
  options.heads = tower.heads;
  options.norm = NormKind::kRms;
  options.epsilon = tower.epsilon;
  options.gated = true;
  return options;
}

std::string Aimv2LayerPrefix(const std::string& prefix, std::int64_t layer) {
  return fmt::format("{}layers.{}.", prefix, layer);
}

}  // namespace

bool Aimv2HasBothTowers(const Checkpoint& checkpoint) {
  return checkpoint.model_type == "aimv2" &&
         (HasObject(checkpoint.config, "vision_config") ||
          HasObject(checkpoint.config, "text_config"));
}

ConfigReader Aimv2TowerConfig(const Checkpoint& checkpoint,
                              std::string_view name) {
  static const Json kEmpty = Json::object();
  const std::string source = checkpoint.config_source;
  if (!Aimv2HasBothTowers(checkpoint))
    return ConfigReader(checkpoint.config, source);
  const std::string key = std::string(name) + "_config";
  return ConfigReader(
      HasObject(checkpoint.config, key) ? *checkpoint.config.find(key) : kEmpty,
      fmt::format("{}: \"{}\"", source, key));
}

Aimv2Tower ReadAimv2Tower(const ConfigReader& config,
                          const Aimv2Tower& defaults) {
  Aimv2Tower tower = defaults;
  tower.width = config.Size("hidden_size", defaults.width);
  tower.inner = config.Size("intermediate_size", defaults.inner);
  tower.layers = config.Size("num_hidden_layers", defaults.layers);
  tower.heads = config.Size("num_attention_heads", defaults.heads);
  tower.epsilon = config.Epsilon("rms_norm_eps", defaults.epsilon);
  tower.qkv_bias = config.Flag("qkv_bias", false);
  // The reference ties the output's bias to those of q, k and v; Apple's own
  // code to those of the MLP.
  const bool apple = config.object().contains("use_bias");
  tower.mlp_bias = config.Flag(apple ? "use_bias" : "mlp_bias", false);
  tower.out_bias = apple ? tower.mlp_bias : tower.qkv_bias;
  EYECHART_REQUIRE(
      config.GetActivation("hidden_act", "silu") == Activation::kSilu,
      "{}: \"hidden_act\" is {}; AIMv2 is supported with \"silu\"",
      config.source(), config.object().at("hidden_act").dump());
  config.RequireHeads(tower.width, tower.heads);
  return tower;
}

std::vector<Block> LoadAimv2Blocks(WeightStore& weights,
                                   const std::string& prefix,
                                   const Aimv2Tower& tower,
                                   bool causal,
                                   const Placement& placement) {
  BlockOptions options = Aimv2OptionsOf(tower);
  options.causal = causal;
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < tower.layers; ++i)
    blocks.emplace_back(
        ReadAimv2Block(weights, Aimv2LayerPrefix(prefix, i), tower), options,
        placement);
  return blocks;
}

LastBlocks ReadLastAimv2Layers(WeightStore& weights,
                               const std::string& prefix,
                               const Aimv2Tower& tower,
                               std::int64_t first) {
  LastBlocks last;
  last.first = first;
  last.options = Aimv2OptionsOf(tower);
  for (std::int64_t i = first; i < tower.layers; ++i)
    last.blocks.push_back(
        ReadAimv2Block(weights, Aimv2LayerPrefix(prefix, i), tower));
  return last;
}

Norm LoadAimv2Norm(WeightStore& weights,
                   const std::string& name,
                   const Aimv2Tower& tower,
                   const Placement& placement) {
  return Norm(NormKind::kRms, weights.Take(name + ".weight", {tower.width}),
              at::Tensor(), tower.epsilon, placement);
}

}  // namespace eyechart::encoders
