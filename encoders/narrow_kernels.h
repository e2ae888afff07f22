// The inner loop of NarrowProduct: float32 rows times weights of 16 bits.
#pragma once

#include <cstdint>

namespace eyechart::encoders::internal {

/// What 16 bits of a weight are.
enum class NarrowKind { kHalf, kBFloat16 };

/// Weights of a row are padded to a multiple of this with zeros, and so are the
/// rows of input.
inline constexpr std::int64_t kNarrowLanes = 16;

/// Whether this processor runs MultiplyNarrow: x86-64 with AVX2, FMA and F16C.
bool HasNarrowKernels();

/// tile (rows, kTileColumns) = x (rows, length) times the transpose of
/// `weights` (kTileColumns, length), for 1 to kTileRows rows. Each element is
/// summed in one order, however many rows there are.
void MultiplyNarrow(NarrowKind kind,
                    const std::uint16_t* weights,
                    const float* x,
                    std::int64_t rows,
                    std::int64_t length,
                    float* tile);

}  // namespace eyechart::encoders::internal
