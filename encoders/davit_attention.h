// DaViT's two attentions: among the cells of a window, and among channels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "encoders/linear.h"

namespace eyechart::encoders {

/// An attention's projections as read, float32 on the CPU.
struct DavitAttentionWeights {
  at::Tensor qkv_weight, qkv_bias;  // (3 C, C), (3 C) or undefined: q, k, v
  at::Tensor out_weight, out_bias;  // (C, C), (C)
};

/// Attention among the cells of each window of a map; the map's right and lower
/// edges are padded with zeros to whole windows. Source: Ding et al. 2022, and
/// Florence2VisionWindowAttention of transformers.
class WindowAttention {
 public:
  WindowAttention(const DavitAttentionWeights& weights,
                  std::int64_t heads,
                  std::int64_t window,
                  const Placement& placement);

  /// residual + attention(normed), both (B, H, W, C) and contiguous; takes
  /// residual's memory for it.
  at::Tensor ForwardAdd(const at::Tensor& normed, at::Tensor residual) const;

  /// Multiply-adds for a map of height x width cells.
  double multiply_adds(std::int64_t height, std::int64_t width) const;

 private:
  Linear qkv_;
  Linear out_;
  std::int64_t heads_;
  std::int64_t window_;
};

/// Attention among the channels of a group, each channel a vector over all
/// cells. Source: Ding et al. 2022, and Florence2VisionChannelAttention of
/// transformers.
class ChannelAttention {
 public:
  ChannelAttention(const DavitAttentionWeights& weights,
                   std::int64_t groups,
                   const Placement& placement);

  /// residual + attention(normed), both (B, H, W, C) and contiguous.
  at::Tensor ForwardAdd(const at::Tensor& normed,
                        const at::Tensor& residual) const;

  double multiply_adds(std::int64_t height, std::int64_t width) const;

 private:
  Linear qkv_;
  Linear out_;
  std::int64_t groups_;
};

}  // namespace eyechart::encoders
