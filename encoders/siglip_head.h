// SigLIP's attention-pooling head.
#pragma once

#include <string>

#include "encoders/clip_layers.h"
#include "encoders/pool_head.h"
#include "encoders/transformer.h"

namespace eyechart::encoders {

/// One learned query attends to all tokens; what it gathers, plus an MLP of its
/// layer norm, is the pooled feature, (B, T, C) -> (B, C). Source:
/// SiglipMultiheadAttentionPoolingHead of transformers.
class SiglipHead : public PoolHead {
 public:
  /// Takes the tensors that begin with `prefix`. Throws InputError for a
  /// missing or misshapen one.
  SiglipHead(WeightStore& weights,
             const std::string& prefix,
             const ClipTower& tower,
             const Placement& placement);

  at::Tensor Forward(const at::Tensor& tokens) const override;
  /// As the reference computes it, keys and values projected token by token.
  double multiply_adds(std::int64_t tokens) const override;

 private:
  std::int64_t heads_;
  std::int64_t width_;
  at::Tensor query_;       // (H, C): scores are tokens x query^T
  at::Tensor value_;       // (H, C, C / H)
  at::Tensor value_bias_;  // (C)
  Linear out_;
  Norm norm_;
  Mlp mlp_;
};

}  // namespace eyechart::encoders
