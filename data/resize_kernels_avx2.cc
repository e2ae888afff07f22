// The passes of resize_kernels.cc on AVX2; nothing here runs elsewhere.
#include "data/resize_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#define EYECHART_AVX2 __attribute__((target("avx2")))

namespace eyechart::data::internal {
namespace {

// Rows that one block of the horizontal pass takes together.
constexpr std::size_t kRows = 16;

// A 16 x 16 block of bytes, rows to columns: four rounds of pairing row i with
// row i + 8.
void TransposeBlock(const std::uint8_t* in,
                    std::size_t in_stride,
                    std::uint8_t* out,
                    std::size_t out_stride) {
  __m128i a[16];
  __m128i b[16];
  for (std::size_t i = 0; i < 16; ++i)
    a[i] =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i * in_stride));
  const auto round = [](const __m128i* from, __m128i* to) {
    for (std::size_t i = 0; i < 8; ++i) {
      to[2 * i] = _mm_unpacklo_epi8(from[i], from[i + 8]);
      to[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + 8]);
    }
  };
  round(a, b);
  round(b, a);
  round(a, b);
  round(b, a);
  for (std::size_t i = 0; i < 16; ++i)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i * out_stride), a[i]);
}

// `rows` (at most kRows) rows of n bytes to n columns of kRows bytes.
void RowsToColumns(const std::uint8_t* in,
                   std::size_t n,
                   std::size_t rows,
                   std::uint8_t* columns) {
  std::size_t i = 0;
  if (rows == kRows)
    for (; i + 16 <= n; i += 16)
      TransposeBlock(in + i, n, columns + i * kRows, kRows);
  for (; i < n; ++i)
    for (std::size_t r = 0; r < rows; ++r)
      columns[i * kRows + r] = in[r * n + i];
}

// And back.
void ColumnsToRows(const std::uint8_t* columns,
                   std::size_t n,
                   std::size_t rows,
                   std::uint8_t* out) {
  std::size_t i = 0;
  if (rows == kRows)
    for (; i + 16 <= n; i += 16)
      TransposeBlock(columns + i * kRows, kRows, out + i, n);
  for (; i < n; ++i)
    for (std::size_t r = 0; r < rows; ++r)
      out[r * n + i] = columns[i * kRows + r];
}

EYECHART_AVX2 inline __m256i Load8(const std::uint8_t* from) {
  return _mm256_cvtepu8_epi32(
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

EYECHART_AVX2 inline __m256i AddProduct(__m256i sum,
                                        __m256i samples,
                                        __m256i weight) {
  return _mm256_add_epi32(sum, _mm256_mullo_epi32(samples, weight));
}

// Sixteen sums rounded, clipped and stored as bytes. The sums overshoot by
// less than 16 bits hold, so that packing saturates rightly.
EYECHART_AVX2 inline void Store16(__m256i low, __m256i high, std::uint8_t* to) {
  const __m256i words =
      _mm256_packs_epi32(_mm256_srai_epi32(low, kPrecisionBits),
                         _mm256_srai_epi32(high, kPrecisionBits));
  const __m256i ordered = _mm256_permute4x64_epi64(words, 0xD8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm_packus_epi16(_mm256_castsi256_si128(ordered),
                                    _mm256_extracti128_si256(ordered, 1)));
}

EYECHART_AVX2 inline __m256i Start() {
  return _mm256_set1_epi32(1 << (kPrecisionBits - 1));
}

}  // namespace

// The sums of one row are of bytes three apart, which vectors do not like:
// sixteen rows turned into columns are two vectors a channel.
EYECHART_AVX2
void ResizeRowsAvx2(const std::uint8_t* in,
                    int in_width,
                    int rows,
                    const AxisWeights& across,
                    std::uint8_t* out) {
  const std::size_t in_bytes = static_cast<std::size_t>(in_width) * 3;
  const std::size_t out_bytes = across.first.size() * 3;
  const auto row_count = static_cast<std::size_t>(rows);
  std::vector<std::uint8_t> columns(in_bytes * kRows);
  std::vector<std::uint8_t> resized(out_bytes * kRows);
  for (std::size_t row = 0; row < row_count; row += kRows) {
    const std::size_t block = std::min(kRows, row_count - row);
    RowsToColumns(in + row * in_bytes, in_bytes, block, columns.data());
    std::uint8_t* to = resized.data();
    for (std::size_t x = 0; x < across.first.size(); ++x, to += 3 * kRows) {
      const std::uint8_t* from =
          columns.data() +
          static_cast<std::size_t>(across.first[x]) * 3 * kRows;
      const std::int32_t* weights = across.weights.data() + x * across.taps;
      __m256i r0 = Start(), r1 = Start();
      __m256i g0 = Start(), g1 = Start();
      __m256i b0 = Start(), b1 = Start();
      for (int i = 0; i < across.count[x]; ++i, from += 3 * kRows) {
        const __m256i weight = _mm256_set1_epi32(weights[i]);
        r0 = AddProduct(r0, Load8(from), weight);
        r1 = AddProduct(r1, Load8(from + 8), weight);
        g0 = AddProduct(g0, Load8(from + 16), weight);
        g1 = AddProduct(g1, Load8(from + 24), weight);
        b0 = AddProduct(b0, Load8(from + 32), weight);
        b1 = AddProduct(b1, Load8(from + 40), weight);
      }
      Store16(r0, r1, to);
      Store16(g0, g1, to + 16);
      Store16(b0, b1, to + 32);
    }
    ColumnsToRows(resized.data(), out_bytes, block, out + row * out_bytes);
  }
}

EYECHART_AVX2
void ResizeColumnsAvx2(const std::uint8_t* in,
                       std::size_t row_bytes,
                       const AxisWeights& down,
                       std::uint8_t* out) {
  constexpr std::size_t kBlock = 32;
  if (row_bytes < kBlock) return ResizeColumnsPlain(in, row_bytes, down, out);
  for (std::size_t y = 0; y < down.first.size(); ++y, out += row_bytes) {
    const std::int32_t* weights = down.weights.data() + y * down.taps;
    const std::uint8_t* rows =
        in + static_cast<std::size_t>(down.first[y]) * row_bytes;
    for (std::size_t begin = 0; begin < row_bytes; begin += kBlock) {
      // The last block overlaps the one before rather than running over.
      const std::size_t x = std::min(begin, row_bytes - kBlock);
      const std::uint8_t* from = rows + x;
      __m256i s0 = Start(), s1 = Start(), s2 = Start(), s3 = Start();
      for (int i = 0; i < down.count[y]; ++i, from += row_bytes) {
        const __m256i weight = _mm256_set1_epi32(weights[i]);
        s0 = AddProduct(s0, Load8(from), weight);
        s1 = AddProduct(s1, Load8(from + 8), weight);
        s2 = AddProduct(s2, Load8(from + 16), weight);
        s3 = AddProduct(s3, Load8(from + 24), weight);
      }
      Store16(s0, s1, out + x);
      Store16(s2, s3, out + x + 16);
    }
  }
}

}  // namespace eyechart::data::internal

#endif  // defined(__x86_64__)
