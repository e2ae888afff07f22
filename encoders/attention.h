// Scaled dot-product attention, as the encoders need it.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace eyechart::encoders {

/// softmax(q k^T / sqrt(D)) v, head by head ("Attention Is All You Need",
/// Vaswani et al. 2017, section 3.2.1).
///
/// On processors with AVX-512 (in bfloat16, with AMX) a head's scores stay in
/// cache: two products by oneDNN's kernels and our own softmax between them,
/// sums and exponentials in float32, shares in `query`'s dtype. The rest, and
/// whatever has a mask, is LibTorch's.
///
/// query: (B, H, Q, D), key and value: (B, H, K, D), of one dtype and device;
///     views are read where they stand.
/// mask: added to the scores or, if boolean, true where a key is seen;
///     broadcast to (B, H, Q, K).
/// causal: a query sees the keys up to its own place.
/// -> (B, Q, H * D), contiguous.
at::Tensor DotProductAttention(
    const at::Tensor& query,
    const at::Tensor& key,
    const at::Tensor& value,
    const std::optional<at::Tensor>& mask = std::nullopt,
    bool causal = false);

}  // namespace eyechart::encoders
