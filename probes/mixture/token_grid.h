// Patch tokens of two encoders brought onto one grid.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace eyechart::probes {

/// The square grid of patches within an encoder's tokens: what is left of them
/// comes first (class token and registers).
struct TokenGrid {
  std::int64_t side = 0;    // patches a side
  std::int64_t prefix = 0;  // tokens before the patches
};

/// The largest square in `count` tokens. Throws InputError naming `source`
/// where more than 16 tokens would stand before it, as then the grid is no
/// square.
TokenGrid GridOf(std::int64_t count, const std::string& source);

/// The patch tokens of `tokens` (B, T, C), averaged to `side` x `side` where
/// the grid is finer (adaptive average pooling): (B, side^2, C).
at::Tensor PatchTokens(const at::Tensor& tokens,
                       const TokenGrid& grid,
                       std::int64_t side);

}  // namespace eyechart::probes
