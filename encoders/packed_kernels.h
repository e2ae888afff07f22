// The inner loops of PackedProduct and NarrowProduct: float32 tiles that stay
// in registers while they are summed.
#pragma once

#include <cstdint>

#include "encoders/activation.h"

namespace eyechart::encoders::internal {

/// The loops over one shape of tile, for one instruction set. All pointers are
/// to float32.
struct TileKernels {
  std::int64_t rows;     // of a tile
  std::int64_t columns;  // of a tile, in two halves
  // Values summed at a time: a panel of weights of so many values, 24 KiB,
  // stays in the nearest cache while rows pass by it.
  std::int64_t depth;

  /// `count` (1 to `rows`) rows of `depth` floats, `stride` apart, to
  /// (depth, rows); rows that are not there are 0.
  void (*pack)(const float* in,
               std::int64_t stride,
               std::int64_t count,
               std::int64_t depth,
               float* out);

  /// tile (count, columns) = rows x weights, or += unless `first`. `packed` is
  /// pack()'s; `weights` (depth, columns) is aligned to 64 bytes. Each element
  /// is summed in one order, however many rows there are.
  void (*multiply)(const float* packed,
                   const float* weights,
                   std::int64_t count,
                   std::int64_t depth,
                   bool first,
                   float* tile);

  /// tile = activation(tile + bias), for `bias` of `columns`. Errors are of a
  /// few units in the last place, GELU's relative to the larger of 1 and |x|.
  void (*activate)(const float* bias,
                   Activation activation,
                   std::int64_t count,
                   float* tile);

  /// Left half = silu(left half) * right half, with the bias added to both
  /// before; the right half is left undefined.
  void (*gate)(const float* bias, std::int64_t count, float* tile);

  /// The first `columns` columns of a tile, plus `residual`'s unless null, to
  /// `out`; the rows of both stand `stride` floats apart.
  void (*store)(const float* tile,
                std::int64_t count,
                std::int64_t columns,
                const float* residual,
                std::int64_t stride,
                float* out);
};

/// Of kTileRows x kTileColumns, for x86-64 with AVX2 and FMA; null elsewhere.
const TileKernels* Avx2TileKernels();

/// Twice as wide, for x86-64 with AVX-512; null elsewhere.
const TileKernels* Avx512TileKernels();

/// The widest of this processor; null where there are none.
const TileKernels* WidestTileKernels();

/// Of Avx2TileKernels: twelve vectors of sums, two of weights and one of input
/// are what 16 registers hold, and sums enough to hide the latency of an
/// addition.
inline constexpr std::int64_t kTileRows = 6;
inline constexpr std::int64_t kTileColumns = 16;
inline constexpr std::int64_t kTileSize = kTileRows * kTileColumns;

/// The sum of q[i] x[i] over `length`, a multiple of 32. Where there are
/// Avx2TileKernels.
float DotInt8(const std::int8_t* q, const float* x, std::int64_t length);

}  // namespace eyechart::encoders::internal
