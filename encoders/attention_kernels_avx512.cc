// Nothing here runs on a processor without AVX-512.
#include "core/error.h"
#include "encoders/attention_kernels.h"

#if defined(__x86_64__)
// GCC 12 takes the undefined operands of these intrinsics for defects of ours
// (its bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <limits>
#endif

namespace eyechart::encoders::internal {

#if defined(__x86_64__)

#define EYECHART_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define EYECHART_AVX512_BF16 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16")))

namespace {

constexpr std::int64_t kLanes = 16;

// The first `count` of 16 lanes; none for 0 and below.
inline __mmask16 LaneMask(std::int64_t count) {
  if (count >= kLanes) return 0xFFFF;
  return static_cast<__mmask16>(count <= 0 ? 0 : (1u << count) - 1);
}

// 2^x for x <= 0: 2^f by a polynomial that is off by 7.5e-8 of the value at
// most (a Remez fit for f in [-1/2, 1/2]), times 2^n. Below 2^-126 it stays
// there; NaN stays NaN, for which max takes its second operand.
EYECHART_AVX512 inline __m512 Exp2(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(-126.0F), x);
  const __m512 n =
      _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(x, n);
  __m512 p = _mm512_set1_ps(0x1.5c08e2p-10F);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.3d0c52p-7F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.c6b6e6p-5F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.ebf918p-3F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.62e428p-1F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0F));
  return _mm512_scalef_ps(p, n);
}

// 16 x 16 words; rows and columns beyond the given ones are read as 0.
EYECHART_AVX512 void TransposeTile(const std::int32_t* from,
                                   std::int64_t rows,
                                   std::int64_t columns,
                                   std::int64_t stride,
                                   std::int32_t* to,
                                   std::int64_t to_stride) {
  __m512i a[16];
  __m512i b[16];
  const __mmask16 mask = LaneMask(columns);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i)
    a[i] = i < rows ? _mm512_maskz_loadu_epi32(mask, from + i * stride)
                    : _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    // Words of neighbouring rows side by side, then pairs, then quarters.
    b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
    a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
    a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
    a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    b[i] = _mm512_shuffle_i32x4(a[i], a[4 + i], 0x88);
    b[4 + i] = _mm512_shuffle_i32x4(a[i], a[4 + i], 0xDD);
    b[8 + i] = _mm512_shuffle_i32x4(a[8 + i], a[12 + i], 0x88);
    b[12 + i] = _mm512_shuffle_i32x4(a[8 + i], a[12 + i], 0xDD);
  }
  const auto store = [&](std::int64_t row, __m512i x) EYECHART_AVX512 {
    _mm512_storeu_si512(to + row * to_stride, x);
  };
  for (std::int64_t i = 0; i < 4; ++i) {
    const __m512i first = _mm512_shuffle_i32x4(b[i], b[8 + i], 0x88);
    const __m512i third = _mm512_shuffle_i32x4(b[i], b[8 + i], 0xDD);
    const __m512i second = _mm512_shuffle_i32x4(b[4 + i], b[12 + i], 0x88);
    const __m512i fourth = _mm512_shuffle_i32x4(b[4 + i], b[12 + i], 0xDD);
    if (i < columns) store(i, first);
    if (4 + i < columns) store(4 + i, second);
    if (8 + i < columns) store(8 + i, third);
    if (12 + i < columns) store(12 + i, fourth);
  }
}

// The largest of `count`; a NaN may be passed over.
EYECHART_AVX512 float LargestOf(const float* x, std::int64_t count) {
  __m512 largest = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes)
    largest = _mm512_max_ps(largest, _mm512_loadu_ps(x + j));
  const __mmask16 rest = LaneMask(count - j);
  largest = _mm512_mask_max_ps(largest, rest, largest,
                               _mm512_maskz_loadu_ps(rest, x + j));
  return _mm512_reduce_max_ps(largest);
}

constexpr float kLog2E = 1.44269504F;

}  // namespace

bool HasAttentionKernels() {
  static const bool has = __builtin_cpu_supports("avx512f") != 0 &&
                          __builtin_cpu_supports("avx512bw") != 0 &&
                          __builtin_cpu_supports("avx512dq") != 0 &&
                          __builtin_cpu_supports("avx512vl") != 0 &&
                          __builtin_cpu_supports("fma") != 0;
  return has;
}

bool HasBf16AttentionKernels() {
  static const bool has =
      HasAttentionKernels() && __builtin_cpu_supports("avx512bf16") != 0;
  return has;
}

void TransposeWords(const void* from,
                    std::int64_t rows,
                    std::int64_t columns,
                    std::int64_t stride,
                    void* to) {
  const auto* in = static_cast<const std::int32_t*>(from);
  auto* out = static_cast<std::int32_t*>(to);
  const std::int64_t padded = (rows + kLanes - 1) / kLanes * kLanes;
  for (std::int64_t row = 0; row < rows; row += kLanes)
    for (std::int64_t column = 0; column < columns; column += kLanes)
      TransposeTile(in + row * stride + column, rows - row, columns - column,
                    stride, out + column * padded + row, padded);
}

void CopyRows(const float* from,
              std::int64_t stride,
              const Padding& size,
              float* to) {
  for (std::int64_t row = 0; row < size.padded_rows; ++row) {
    const std::int64_t count = row < size.rows ? size.columns : 0;
    std::copy_n(from + row * stride, count, to);
    std::fill_n(to + count, size.padded_columns - count, 0.0F);
    to += size.padded_columns;
  }
}

EYECHART_AVX512 void InterleaveRows(const Bf16Bits* from,
                                    std::int64_t stride,
                                    const Padding& size,
                                    Bf16Bits* to) {
  for (std::int64_t row = 0; row < size.padded_rows; row += 2) {
    for (std::int64_t j = 0; j < size.padded_columns; j += kLanes) {
      const Bf16Bits* in = from + row * stride + j;
      const __mmask16 mask = LaneMask(size.columns - j);
      const __m512i even = _mm512_cvtepu16_epi32(
          _mm256_maskz_loadu_epi16(row < size.rows ? mask : 0, in));
      const __m512i odd = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(
          row + 1 < size.rows ? mask : 0, in + stride));
      _mm512_storeu_si512(to + 2 * j,
                          _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
    }
    to += 2 * size.padded_columns;
  }
}

EYECHART_AVX512 float Softmax(float* x,
                              std::int64_t count,
                              std::int64_t padded,
                              float scale) {
  const __m512 factor = _mm512_set1_ps(scale * kLog2E);
  const __m512 largest = _mm512_set1_ps(LargestOf(x, count));
  const auto share = [&](const float* from) EYECHART_AVX512 {
    return Exp2(
        _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(from), largest), factor));
  };
  __m512 sum = _mm512_setzero_ps();
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const __m512 shares = share(x + j);
    sum = _mm512_add_ps(sum, shares);
    _mm512_storeu_ps(x + j, shares);
  }
  for (; j < padded; j += kLanes) {
    const __m512 shares =
        _mm512_maskz_mov_ps(LaneMask(count - j), share(x + j));
    sum = _mm512_add_ps(sum, shares);
    _mm512_storeu_ps(x + j, shares);
  }
  return 1 / _mm512_reduce_add_ps(sum);
}

EYECHART_AVX512 void Scale(const float* x,
                           float factor,
                           std::int64_t count,
                           float* out) {
  const __m512 factors = _mm512_set1_ps(factor);
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes)
    _mm512_storeu_ps(out + j, _mm512_mul_ps(_mm512_loadu_ps(x + j), factors));
  if (j < count)
    _mm512_mask_storeu_ps(out + j, LaneMask(count - j),
                          _mm512_mul_ps(_mm512_loadu_ps(x + j), factors));
}

EYECHART_AVX512_BF16 void Scale(const float* x,
                                float factor,
                                std::int64_t count,
                                Bf16Bits* out) {
  const __m512 factors = _mm512_set1_ps(factor);
  const auto rounded = [&](const float* from) EYECHART_AVX512_BF16 {
    return __m256i(
        _mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_loadu_ps(from), factors)));
  };
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes)
    _mm256_storeu_epi16(out + j, rounded(x + j));
  if (j < count)
    _mm256_mask_storeu_epi16(out + j, LaneMask(count - j), rounded(x + j));
}

#else

bool HasAttentionKernels() { return false; }
bool HasBf16AttentionKernels() { return false; }

void TransposeWords(
    const void*, std::int64_t, std::int64_t, std::int64_t, void*) {
  EYECHART_CHECK(false, "no attention kernels");
}

void CopyRows(const float*, std::int64_t, const Padding&, float*) {
  EYECHART_CHECK(false, "no attention kernels");
}

void InterleaveRows(const Bf16Bits*, std::int64_t, const Padding&, Bf16Bits*) {
  EYECHART_CHECK(false, "no attention kernels");
}

float Softmax(float*, std::int64_t, std::int64_t, float) {
  EYECHART_CHECK(false, "no attention kernels");
}

void Scale(const float*, float, std::int64_t, float*) {
  EYECHART_CHECK(false, "no attention kernels");
}

void Scale(const float*, float, std::int64_t, Bf16Bits*) {
  EYECHART_CHECK(false, "no attention kernels");
}

#endif

}  // namespace eyechart::encoders::internal
