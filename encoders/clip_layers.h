// What CLIP's two towers share: their configuration and their blocks' names.
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
struct ClipTower {
  std::int64_t width = 0;
  std::int64_t inner = 0;  // of the MLP
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  double epsilon = 1e-5;
  Activation activation = Activation::kQuickGelu;
};

/// The object of a `clip` config that describes one tower, `name` being
/// "vision" or "text". An old `<name>_config_dict` stands in its stead, as the
/// reference has it.
ConfigReader ClipTowerConfig(const Checkpoint& checkpoint,
                             std::string_view name);

/// Absent keys have `defaults`' values.
ClipTower ReadTower(const ConfigReader& config, const ClipTower& defaults);

/// Absent keys have the reference's defaults, those of ViT-B/32's towers.
ClipTower ReadClipTower(const ConfigReader& config,
                        std::int64_t default_width,
                        std::int64_t default_heads);

/// `<prefix>layers.0` and on. `split_last` is Block's split_query for the last.
std::vector<Block> LoadClipBlocks(WeightStore& weights,
                                  const std::string& prefix,
                                  const ClipTower& tower,
                                  bool causal,
                                  bool split_last,
                                  const Placement& placement);

/// The same from layer `first` on, to be trained; without a final norm.
LastBlocks ReadLastClipLayers(WeightStore& weights,
                              const std::string& prefix,
                              const ClipTower& tower,
                              std::int64_t first);

/// The layer norm `name`.
Norm LoadClipNorm(WeightStore& weights,
                  const std::string& name,
                  const ClipTower& tower,
                  const Placement& placement);

/// exp of the tensor logit_scale of `shape`, by which cosines are multiplied.
/// Throws InputError where it is no number, or above e^80: scores are of single
/// precision, which ends at e^88. Training keeps CLIP's below 100; SigLIP's is
/// near e^5.
double TakeLogitScale(WeightStore& weights,
                      const std::vector<std::int64_t>& shape,
                      const Checkpoint& checkpoint);

}  // namespace eyechart::encoders
