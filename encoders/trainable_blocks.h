// The last blocks of a ViT in a form that gradients flow through: fine-tuning
// them, while the blocks before stay as fast as they are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "encoders/checkpoint.h"
#include "encoders/transformer.h"

namespace eyechart::encoders {

/// What a family reads of its last blocks: float32 on the CPU.
struct LastBlocks {
  std::vector<BlockWeights> blocks;
  std::int64_t first = 0;  // the first one's place among all blocks
  BlockOptions options;    // of all of them
  /// The final norm (C), of the blocks' kind; undefined where the feature map
  /// is read before it (CLIP).
  at::Tensor norm_weight, norm_bias;
  std::int64_t prefix = 0;  // tokens before the patches: class, registers
};

/// The place of the first of the last `count` of `layers` blocks. Throws
/// InputError naming `model` where there are fewer.
std::int64_t FirstOfLast(std::int64_t count,
                         std::int64_t layers,
                         const std::string& model);

/// The last blocks of a checkpoint's image tower and the norm behind them, in
/// float32 on a device of choice, by plain operators: the same map as
/// ImageEncoder's, but for rounding.
class TrainableBlocks {
 public:
  /// Reads the last `count` blocks of `checkpoint`. Throws InputError for a
  /// family whose blocks are not all alike (it lists those that can), and
  /// where there are fewer blocks.
  static std::unique_ptr<TrainableBlocks> Create(
      const Checkpoint& checkpoint,
      std::int64_t count,
      c10::Device device = c10::kCPU);

  explicit TrainableBlocks(LastBlocks parts, c10::Device device = c10::kCPU);

  std::int64_t count() const {
    return static_cast<std::int64_t>(parts_.blocks.size());
  }

  /// hidden: (B, T, C) float32 on the device, Features::hidden of pictures that
  /// are `rows` patches high -> (B, C, h, w), their feature map.
  at::Tensor Map(const at::Tensor& hidden, std::int64_t rows) const;

  /// The learned tensors by name, "11.qkv.weight", "norm.bias": leaves that
  /// require gradients and share the object's memory. Queries, keys and values
  /// are one tensor, as are the two halves of a SwiGLU.
  const std::vector<std::pair<std::string, at::Tensor>>& Parameters() const {
    return parameters_;
  }

 private:
  at::Tensor Normed(const at::Tensor& x,
                    const at::Tensor& weight,
                    const at::Tensor& bias) const;
  at::Tensor Attend(const BlockWeights& block, const at::Tensor& normed) const;
  at::Tensor Inner(const BlockWeights& block, const at::Tensor& normed) const;

  LastBlocks parts_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;
};

}  // namespace eyechart::encoders
