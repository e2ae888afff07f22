#include "probes/mixture/token_grid.h"

#include <ATen/ops/adaptive_avg_pool2d.h>

#include <cmath>

#include "core/error.h"

namespace eyechart::probes {
namespace {

// A class token and the registers that any published model has.
constexpr std::int64_t kMostPrefix = 16;

}  // namespace

TokenGrid GridOf(std::int64_t count, const std::string& source) {
  TokenGrid grid;
  grid.side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(count)));
  grid.prefix = count - grid.side * grid.side;
  EYECHART_REQUIRE(grid.side > 0 && grid.prefix <= kMostPrefix,
                   "{}: {} tokens are not a square of patches with a few "
                   "before it; mixtures need square pictures",
                   source, count);
  return grid;
}

at::Tensor PatchTokens(const at::Tensor& tokens,
                       const TokenGrid& grid,
                       std::int64_t side) {
  const std::int64_t patches = grid.side * grid.side;
  EYECHART_CHECK(tokens.size(1) == grid.prefix + patches && side <= grid.side,
                 "{} tokens for a grid of {}", tokens.size(1), grid.side);
  const at::Tensor kept = tokens.narrow(1, grid.prefix, patches);
  if (side == grid.side) return kept;
  return at::adaptive_avg_pool2d(
             kept.transpose(1, 2).reshape(
                 {tokens.size(0), tokens.size(2), grid.side, grid.side}),
             {side, side})
      .flatten(2)
      .transpose(1, 2);
}

}  // namespace eyechart::probes
