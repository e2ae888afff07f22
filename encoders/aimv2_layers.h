// What AIMv2's two towers share: their configuration and their blocks' names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/checkpoint.h"
#include "encoders/config_reader.h"
#include "encoders/trainable_blocks.h"
#include "encoders/transformer.h"
#include "encoders/weights.h"

namespace eyechart::encoders {

/// Sizes of one tower.
struct Aimv2Tower {
  std::int64_t width = 0;
  std::int64_t inner = 0;  // of one half of the SwiGLU
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  double epsilon = 1e-5;
  bool qkv_bias = false;  // of queries, keys and values, in blocks and head
  bool out_bias = false;  // of attention's output
  bool mlp_bias = false;
};

/// Whether `checkpoint` is `lit`. Apple's vision-only folders say
/// `model_type: aimv2` too, with the image tower's keys at the top.
bool Aimv2HasBothTowers(const Checkpoint& checkpoint);

/// The object of the config that describes one tower, `name` being "vision" or
/// "text": the whole where there is but one.
ConfigReader Aimv2TowerConfig(const Checkpoint& checkpoint,
                              std::string_view name);

/// Absent keys are as in `defaults`. Apple's `use_bias` is known beside the
/// reference's `mlp_bias`. Throws InputError for an activation other than SiLU.
Aimv2Tower ReadAimv2Tower(const ConfigReader& config,
                          const Aimv2Tower& defaults);

/// `<prefix>layers.0` and on.
std::vector<Block> LoadAimv2Blocks(WeightStore& weights,
                                   const std::string& prefix,
                                   const Aimv2Tower& tower,
                                   bool causal,
                                   const Placement& placement);

/// The same from layer `first` on, to be trained; without a final norm.
LastBlocks ReadLastAimv2Layers(WeightStore& weights,
                               const std::string& prefix,
                               const Aimv2Tower& tower,
                               std::int64_t first);

/// The RMS norm `name`.
Norm LoadAimv2Norm(WeightStore& weights,
                   const std::string& name,
                   const Aimv2Tower& tower,
                   const Placement& placement);

}  // namespace eyechart::encoders
