// Nothing here runs on a processor without AVX2, FMA and F16C.
#include "core/error.h"
#include "encoders/narrow_kernels.h"
#include "encoders/packed_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace eyechart::encoders::internal {

#if defined(__x86_64__)

#define EYECHART_F16C __attribute__((target("avx2,fma,f16c")))

namespace {

// Eight weights, which float32 holds exactly.
template <NarrowKind kKind>
EYECHART_F16C inline __m256 Widened(const std::uint16_t* weights) {
  const __m128i bits =
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
  if constexpr (kKind == NarrowKind::kHalf) {
    return _mm256_cvtph_ps(bits);
  } else {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
}

EYECHART_F16C inline float SumOf(__m256 x) {
  __m128 sum =
      _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
  return _mm_cvtss_f32(sum);
}

// kColumns columns at once: with few rows, sums enough to hide the latency of
// an addition; with many, no more than there are registers for.
template <NarrowKind kKind, int kRows, int kColumns>
EYECHART_F16C void Multiply(const std::uint16_t* weights,
                            const float* x,
                            std::int64_t length,
                            float* tile) {
  for (std::int64_t column = 0; column < kTileColumns; column += kColumns) {
    __m256 even[kColumns][kRows];
    __m256 odd[kColumns][kRows];
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 6
      for (int i = 0; i < kRows; ++i) {
        even[c][i] = _mm256_setzero_ps();
        odd[c][i] = _mm256_setzero_ps();
      }
    }
    const std::uint16_t* from = weights + column * length;
    for (std::int64_t k = 0; k < length; k += kNarrowLanes) {
#pragma GCC unroll 4
      for (int c = 0; c < kColumns; ++c) {
        const __m256 w0 = Widened<kKind>(from + c * length + k);
        const __m256 w1 = Widened<kKind>(from + c * length + k + 8);
#pragma GCC unroll 6
        for (int i = 0; i < kRows; ++i) {
          const float* row = x + i * length + k;
          even[c][i] = _mm256_fmadd_ps(_mm256_loadu_ps(row), w0, even[c][i]);
          odd[c][i] = _mm256_fmadd_ps(_mm256_loadu_ps(row + 8), w1, odd[c][i]);
        }
      }
    }
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 6
      for (int i = 0; i < kRows; ++i)
        tile[i * kTileColumns + column + c] =
            SumOf(_mm256_add_ps(even[c][i], odd[c][i]));
    }
  }
}

template <NarrowKind kKind>
void MultiplyRows(const std::uint16_t* weights,
                  const float* x,
                  std::int64_t rows,
                  std::int64_t length,
                  float* tile) {
  switch (rows) {
    case 1:
      return Multiply<kKind, 1, 4>(weights, x, length, tile);
    case 2:
      return Multiply<kKind, 2, 2>(weights, x, length, tile);
    case 3:
      return Multiply<kKind, 3, 2>(weights, x, length, tile);
    case 4:
      return Multiply<kKind, 4, 1>(weights, x, length, tile);
    case 5:
      return Multiply<kKind, 5, 1>(weights, x, length, tile);
    default:
      return Multiply<kKind, 6, 1>(weights, x, length, tile);
  }
}

}  // namespace

bool HasNarrowKernels() {
  static const bool has =
      HasTileKernels() && __builtin_cpu_supports("f16c") != 0;
  return has;
}

void MultiplyNarrow(NarrowKind kind,
                    const std::uint16_t* weights,
                    const float* x,
                    std::int64_t rows,
                    std::int64_t length,
                    float* tile) {
  if (kind == NarrowKind::kHalf)
    MultiplyRows<NarrowKind::kHalf>(weights, x, rows, length, tile);
  else
    MultiplyRows<NarrowKind::kBFloat16>(weights, x, rows, length, tile);
}

#else

bool HasNarrowKernels() { return false; }

void MultiplyNarrow(NarrowKind,
                    const std::uint16_t*,
                    const float*,
                    std::int64_t,
                    std::int64_t,
                    float*) {
  EYECHART_CHECK(false, "no narrow kernels");
}

#endif

}  // namespace eyechart::encoders::internal
