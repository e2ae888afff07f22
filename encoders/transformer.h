// The pre-norm transformer block that ViTs and CLIP's text tower share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "encoders/linear.h"
#include "encoders/norm.h"
#include "encoders/packed_mlp.h"

namespace eyechart::encoders {

/// Two linear layers with an activation between them, or a SwiGLU.
class Mlp {
 public:
  Mlp() = default;
  /// Tensors are float32 on the CPU: up (I, C), down (C, I). With `gated`, up
  /// is (2 I, C): the gate's rows, passed through SiLU, stand first.
  Mlp(at::Tensor up_weight,
      at::Tensor up_bias,
      at::Tensor down_weight,
      const at::Tensor& down_bias,
      Activation activation,
      bool gated,
      const Placement& placement,
      LayerRows rows = LayerRows::kMany);

  /// residual + the layers' output for x, both (B, T, C).
  at::Tensor ForwardAdd(const at::Tensor& x, const at::Tensor& residual) const;

  /// Multiply-adds for one token.
  std::int64_t multiply_adds() const { return multiply_adds_; }

 private:
  // Both or none; for few rows, of an MLP that is not gated.
  std::optional<NarrowProduct> narrow_up_;
  std::optional<NarrowProduct> narrow_down_;
  std::optional<PackedMlp> packed_;
  Linear up_;  // with down_, where packed_ is not
  Linear down_;
  bool gated_ = false;
  std::int64_t multiply_adds_ = 0;
};

/// What a block is made of, as read: float32 on the CPU; undefined biases mean
/// none.
struct BlockWeights {
  at::Tensor norm1_weight, norm1_bias;  // (C), no biases for kRms
  at::Tensor qkv_weight, qkv_bias;      // (3 C, C), (3 C): q, k, v
  at::Tensor out_weight, out_bias;      // (C, C), (C)
  at::Tensor norm2_weight, norm2_bias;  // (C)
  at::Tensor up_weight, up_bias;        // see Mlp
  at::Tensor down_weight, down_bias;
  /// Layer scale (C) of the two branches; undefined: none.
  at::Tensor scale1, scale2;
};

struct BlockOptions {
  std::int64_t heads = 1;
  NormKind norm = NormKind::kLayer;  // of both norms
  double epsilon = 1e-5;             // of both norms
  Activation activation = Activation::kGelu;
  bool gated = false;   // SwiGLU
  bool causal = false;  // a token sees itself and those before it
  /// Set for a last block of which often only the first token is wanted: the
  /// queries are then computed apart from keys and values.
  bool split_query = false;
};

/// x + scale1 * attention(norm1(x)), then x + scale2 * mlp(norm2(x)).
class Block {
 public:
  Block(BlockWeights weights,
        const BlockOptions& options,
        const Placement& placement);

  /// x: (B, T, C) -> (B, rows, C), the first `rows` tokens of the output.
  /// rows < T asks for split_query. `mask`, bool (B, 1, 1, T), is false where a
  /// token is not to be seen by others; not for causal blocks.
  at::Tensor Forward(
      const at::Tensor& x,
      std::int64_t rows,
      const std::optional<at::Tensor>& mask = std::nullopt) const;

  /// Multiply-adds for one sequence of `tokens`.
  double multiply_adds(std::int64_t tokens) const;

 private:
  at::Tensor Attend(const at::Tensor& normed,
                    std::int64_t rows,
                    const std::optional<at::Tensor>& mask) const;

  BlockOptions options_;
  std::int64_t width_;
  Norm norm1_;
  Norm norm2_;
  Linear qkv_;  // unless split_query
  Linear query_;
  Linear key_value_;
  Linear out_;
  Mlp mlp_;
};

}  // namespace eyechart::encoders
