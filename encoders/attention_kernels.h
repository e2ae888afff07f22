// What attention needs beside its two products: layouts of a head's keys and
// values, and the softmax of a query's scores.
#pragma once

#include <cstdint>

namespace eyechart::encoders::internal {

/// The bits of a bfloat16.
using Bf16Bits = std::uint16_t;

/// Whether this processor runs the float32 functions below: x86-64 with
/// AVX-512 (F, BW, DQ and VL).
bool HasAttentionKernels();

/// Whether it runs those of bfloat16 too: AVX512_BF16 besides.
bool HasBf16AttentionKernels();

/// (rows, columns) of 32 bits, rows `stride` apart, to (columns, padded_rows):
/// `padded_rows` is the next multiple of 16, and what is not there is 0.
void TransposeWords(const void* from,
                    std::int64_t rows,
                    std::int64_t columns,
                    std::int64_t stride,
                    void* to);

/// (rows, columns), rows `stride` apart, to (padded_rows, padded_columns) with
/// zeros around.
struct Padding {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t padded_rows = 0;
  std::int64_t padded_columns = 0;
};
void CopyRows(const float* from,
              std::int64_t stride,
              const Padding& size,
              float* to);

/// CopyRows with each two rows side by side, (padded_rows / 2, padded_columns,
/// 2): the second factor of a product of bfloat16. `padded_columns` is a
/// multiple of 16.
void InterleaveRows(const Bf16Bits* from,
                    std::int64_t stride,
                    const Padding& size,
                    Bf16Bits* to);

/// In place, x(j) = exp(scale * (x(j) - max x)) to a few units of float32's
/// last place, and zeros from `count` to `padded`, a multiple of 16. Returns 1
/// over their sum; NaN where one of x is.
float Softmax(float* x, std::int64_t count, std::int64_t padded, float scale);

/// out(j) = x(j) * factor; `x` can be read to the next multiple of 16.
void Scale(const float* x, float factor, std::int64_t count, float* out);
void Scale(const float* x, float factor, std::int64_t count, Bf16Bits* out);

}  // namespace eyechart::encoders::internal
