// Pixels to the first tokens of a ViT: patches, class token, positions.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "encoders/linear.h"

namespace eyechart::encoders {

/// Tensors as read, float32 on the CPU.
struct PatchEmbeddingWeights {
  at::Tensor projection;   // (C, 3, P, P)
  at::Tensor bias;         // (C), or undefined
  at::Tensor class_token;  // (C)
  at::Tensor positions;    // (1 + N, C), the class token's first; N a square
};

/// The class token and the patches of a picture, with positions added.
class PatchEmbedding {
 public:
  PatchEmbedding(const PatchEmbeddingWeights& weights,
                 const Placement& placement);

  /// pixels: (B, 3, H, W) float32 on any device -> (B, 1 + h w, C) in the
  /// placement's dtype, with h = H / P and w = W / P rounded down. Throws
  /// InputError where a side is shorter than a patch.
  at::Tensor Forward(const at::Tensor& pixels);

  std::int64_t patch() const { return patch_; }
  /// Multiply-adds of one patch.
  std::int64_t multiply_adds() const { return projection_.multiply_adds(); }

 private:
  // Rows 1.. of the table for a picture of height x width pixels.
  const at::Tensor& PatchPositions(std::int64_t height, std::int64_t width);

  Placement placement_;
  std::int64_t patch_;
  Linear projection_;
  at::Tensor first_;      // (C): class token plus its position
  at::Tensor table_;      // (N, C) float32
  at::Tensor positions_;  // (h w, C) for the size below
  std::int64_t height_ = 0;
  std::int64_t width_ = 0;
};

}  // namespace eyechart::encoders
