// Half of DaViT's dual block: attention of one kind and an MLP, each after a
// depthwise convolution that carries positions.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <variant>

#include "encoders/convolution.h"
#include "encoders/davit_attention.h"
#include "encoders/norm.h"
#include "encoders/transformer.h"

namespace eyechart::encoders {

using DavitAttention = std::variant<WindowAttention, ChannelAttention>;

/// The parts of a block, in the order that they are applied.
struct DavitBlockParts {
  Convolution conv1;  // 3 x 3 depthwise, as conv2
  Norm norm1;
  DavitAttention attention;
  Convolution conv2;
  Norm norm2;
  Mlp mlp;
};

/// x + conv1(x), then x + attention(norm1(x)), then x + conv2(x), then
/// x + mlp(norm2(x)). Source: Ding et al. 2022, and
/// Florence2VisionSpatialBlock and -ChannelBlock of transformers.
class DavitBlock {
 public:
  explicit DavitBlock(DavitBlockParts parts);

  /// (B, H, W, C) -> the same shape, contiguous.
  at::Tensor Forward(const at::Tensor& x) const;

  /// Multiply-adds for a map of height x width cells.
  double multiply_adds(std::int64_t height, std::int64_t width) const;

 private:
  at::Tensor AddMlp(const at::Tensor& x) const;

  DavitBlockParts parts_;
};

}  // namespace eyechart::encoders
