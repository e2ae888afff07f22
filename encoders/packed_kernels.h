// The inner loops of PackedProduct: float32 tiles of kTileRows x kTileColumns
// that stay in registers while they are summed.
#pragma once

#include <cstdint>

#include "encoders/activation.h"

namespace eyechart::encoders::internal {

/// Twelve vectors of sums, two of weights and one of input: what 16 registers
/// hold, and enough sums to hide the latency of an addition.
inline constexpr std::int64_t kTileRows = 6;
inline constexpr std::int64_t kTileColumns = 16;
inline constexpr std::int64_t kTileSize = kTileRows * kTileColumns;

/// Whether this processor runs the functions below: x86-64 with AVX2 and FMA.
bool HasTileKernels();

/// `rows` (1 to kTileRows) rows of `depth` floats, `stride` apart, to
/// (depth, kTileRows); rows that are not there are 0.
void PackTileRows(const float* in,
                  std::int64_t stride,
                  std::int64_t rows,
                  std::int64_t depth,
                  float* out);

/// tile (rows, kTileColumns) = rows x weights, or += unless `first`. `packed`
/// is PackTileRows's; `weights` (depth, kTileColumns) is aligned to 32 bytes.
/// Each element is summed in one order, however many rows there are.
void MultiplyTile(const float* packed,
                  const float* weights,
                  std::int64_t rows,
                  std::int64_t depth,
                  bool first,
                  float* tile);

/// tile = activation(tile + bias), for `bias` of kTileColumns. Errors are of a
/// few units in the last place, GELU's relative to the larger of 1 and |x|.
void ActivateTile(const float* bias,
                  Activation activation,
                  std::int64_t rows,
                  float* tile);

/// The sum of q[i] x[i] over `length`, a multiple of 32.
float DotInt8(const std::int8_t* q, const float* x, std::int64_t length);

/// Left half = silu(left half) * right half, with the bias added to both
/// before; the right half is left undefined.
void GateTile(const float* bias, std::int64_t rows, float* tile);

/// The first `columns` columns of a tile, plus `residual`'s unless null, to
/// `out`; the rows of both stand `stride` floats apart.
void StoreTile(const float* tile,
               std::int64_t rows,
               std::int64_t columns,
               const float* residual,
               std::int64_t stride,
               float* out);

}  // namespace eyechart::encoders::internal
