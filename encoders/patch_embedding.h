// Pixels to the first tokens of a ViT: patches, class token, registers,
// positions.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "encoders/linear.h"
#include "encoders/norm.h"

namespace eyechart::encoders {

/// Where the positions of a picture's patches come from, whose size need not be
/// that of the table. Sources: interpolate_pos_encoding of the families in
/// transformers; AIMv2's embeddings for the last two.
enum class PositionRule {
  kBicubic,           // table resampled without antialias: CLIP, SigLIP, DINOv2
  kBicubicAntialias,  // with it: DINOv2 with registers
  kFixed,             // the table's size only: AIMv2
  kSinCos,            // computed, no table: native AIMv2
};

/// Tensors as read, float32 on the CPU.
struct PatchEmbeddingWeights {
  at::Tensor projection;   // (C, 3, P, P)
  at::Tensor bias;         // (C), or undefined
  at::Tensor class_token;  // (C), or undefined where the model has none
  at::Tensor registers;    // (R, C) between class token and patches, or
                           // undefined; they have no position
  /// (N, C), N a square, after a row for the class token where there is one.
  /// Undefined for kSinCos.
  at::Tensor positions;
  std::optional<Norm> norm;  // of the projected patches, before positions
  std::string source;        // what errors about pictures begin with
};

/// The class token, registers and patches of a picture, positions added.
class PatchEmbedding {
 public:
  PatchEmbedding(const PatchEmbeddingWeights& weights,
                 PositionRule rule,
                 const Placement& placement);

  /// pixels: (B, 3, H, W) float32 on any device -> (B, prefix + h w, C) in the
  /// placement's dtype, with h = H / P and w = W / P rounded down. Throws
  /// InputError where a side is shorter than a patch, or the rule is kFixed and
  /// the size another.
  at::Tensor Forward(const at::Tensor& pixels);

  std::int64_t patch() const { return patch_; }
  /// Tokens before the patches: class token and registers.
  std::int64_t prefix() const { return prefix_; }
  bool has_class_token() const { return has_class_token_; }
  /// Multiply-adds of one patch.
  std::int64_t multiply_adds() const { return projection_.multiply_adds(); }

 private:
  // (h w, C) for a picture of height x width pixels.
  const at::Tensor& PatchPositions(std::int64_t height, std::int64_t width);

  std::string source_;
  Placement placement_;
  PositionRule rule_;
  std::int64_t patch_;
  std::int64_t width_;   // C
  std::int64_t prefix_;  // tokens before the patches
  bool has_class_token_;
  Linear projection_;
  std::optional<Norm> norm_;
  at::Tensor first_;      // (prefix, C), the class token's position added
  at::Tensor table_;      // (N, C) float32
  at::Tensor positions_;  // (h w, C) for the size below
  std::int64_t cached_height_ = 0;
  std::int64_t cached_width_ = 0;
};

}  // namespace eyechart::encoders
