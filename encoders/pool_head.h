// The seam for what pools a ViT's tokens by attention.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace eyechart::encoders {

/// From a ViT's tokens to its `head` pool, where that is more than a projection
/// of the class token.
class PoolHead {
 public:
  virtual ~PoolHead() = default;
  /// tokens: (B, T, C) as Features::tokens gives them -> (B, D), both in the
  /// encoder's dtype.
  virtual at::Tensor Forward(const at::Tensor& tokens) const = 0;
  /// Multiply-adds for one picture of `tokens` tokens.
  virtual double multiply_adds(std::int64_t tokens) const = 0;
};

}  // namespace eyechart::encoders
