// Hiera's transformer block: attention within mask units or among all tokens,
// with the queries perhaps pooled.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "encoders/linear.h"
#include "encoders/norm.h"
#include "encoders/transformer.h"

namespace eyechart::encoders {

/// As read, float32 on the CPU; I is the input's width, C the output's.
struct HieraBlockWeights {
  at::Tensor norm1_weight, norm1_bias;    // (I)
  at::Tensor qkv_weight, qkv_bias;        // (3 C, I), (3 C): q, k, v
  at::Tensor out_weight, out_bias;        // (C, C), (C)
  at::Tensor expand_weight, expand_bias;  // (C, I), (C); undefined: I is C
  at::Tensor norm2_weight, norm2_bias;    // (C)
  at::Tensor up_weight, up_bias;          // (M, C), (M)
  at::Tensor down_weight, down_bias;      // (C, M), (C)
};

struct HieraBlockOptions {
  std::int64_t heads = 1;
  double epsilon = 1e-6;  // of both norms
  Activation activation = Activation::kGelu;
  std::int64_t pool = 1;    // tokens of which one is left, by their maximum
  std::int64_t window = 0;  // tokens left of a mask unit; 0: global attention
};

/// Tokens come as (B, W, T, I): W groups of T, of which the reference's one
/// sequence is the transpose (T, W). A group is a mask unit, and pooling takes
/// `pool` tokens T / pool apart. Source: Ryali et al. 2023, and HieraLayer of
/// transformers.
class HieraBlock {
 public:
  HieraBlock(const HieraBlockWeights& weights,
             const HieraBlockOptions& options,
             const Placement& placement);

  /// (B, W, T, I) -> (B, W, T / pool, C). T is a multiple of `pool`, and is
  /// pool * window unless attention is global.
  at::Tensor Forward(const at::Tensor& x) const;

  const HieraBlockOptions& options() const { return options_; }
  /// Multiply-adds for `tokens` of input.
  double multiply_adds(std::int64_t tokens) const;

 private:
  // The largest of each `pool` tokens.
  at::Tensor Pooled(const at::Tensor& x) const;

  HieraBlockOptions options_;
  std::int64_t width_;  // C
  Norm norm1_;
  Linear qkv_;
  Linear out_;
  std::optional<Linear> expand_;
  Norm norm2_;
  Mlp mlp_;
};

}  // namespace eyechart::encoders
