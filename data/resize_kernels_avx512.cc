// The passes of resize_kernels.cc on AVX-512; nothing here runs elsewhere.
#include "data/resize_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <memory>

// GCC 12 takes the intrinsics' undefined operands for mistakes of ours.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define EYECHART_AVX512 __attribute__((target("avx512f,avx512bw")))

namespace eyechart::data::internal {
namespace {

// Rows that the horizontal pass takes together: one lane of 32 bits each.
constexpr std::size_t kLanes = 16;
// Pixels that are turned together, 48 bytes of each row.
constexpr std::size_t kTile = 16;
// 16-bit values of one channel of two neighbouring pixels in kLanes rows.
constexpr std::size_t kPairWords = 2 * kLanes;

// A 32-bit product takes two steps where a sum of two 16-bit products takes
// one. So weights are cut in two digits, weight = high * 2^16 + low, both
// signed, and inputs are taken in pairs. All is modulo 2^32, as sums are.
struct PairedWeights {
  std::size_t stride = 0;           // digits a row, even
  std::vector<std::uint16_t> low;   // of each pair's two inputs, or 0
  std::vector<std::uint16_t> high;  // of the same
};

// How many inputs an output's first pair holds that its sum does not want: with
// `aligned` pairs begin at even inputs, else at each output's first.
int Skipped(const AxisWeights& axis, std::size_t out, bool aligned) {
  return aligned ? axis.first[out] % 2 : 0;
}

// And the number of its pairs.
int PairCount(const AxisWeights& axis, std::size_t out, bool aligned) {
  return (Skipped(axis, out, aligned) + axis.count[out] + 1) / 2;
}

PairedWeights PairWeights(const AxisWeights& axis, bool aligned) {
  const std::size_t size = axis.first.size();
  const auto taps = static_cast<std::size_t>(axis.taps);
  PairedWeights pairs;
  pairs.stride = (taps / 2 + 1) * 2;
  pairs.low.assign(size * pairs.stride, 0);
  pairs.high.assign(size * pairs.stride, 0);
  for (std::size_t out = 0; out < size; ++out) {
    const std::int32_t* weights = axis.weights.data() + out * taps;
    const std::size_t begin =
        out * pairs.stride +
        static_cast<std::size_t>(Skipped(axis, out, aligned));
    std::uint16_t* low = pairs.low.data() + begin;
    std::uint16_t* high = pairs.high.data() + begin;
    for (int i = 0; i < axis.count[out]; ++i) {
      const auto weight = static_cast<std::uint32_t>(weights[i]);
      low[i] = static_cast<std::uint16_t>(weight);
      // One more where the low digit, being signed, is below 0.
      high[i] = static_cast<std::uint16_t>((weight + 0x8000) >> 16);
    }
  }
  return pairs;
}

EYECHART_AVX512 inline __m512i TwoDigits(const std::uint16_t* digits) {
  std::int32_t both;
  std::memcpy(&both, digits, sizeof(both));
  return _mm512_set1_epi32(both);
}

EYECHART_AVX512 inline __m512i AddPairs(__m512i sum,
                                        __m512i samples,
                                        __m512i weights) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(samples, weights));
}

EYECHART_AVX512 inline __m512i HalfUnit() {
  return _mm512_set1_epi32(1 << (kPrecisionBits - 1));
}

// The digits' sums as one, in units of a sample: 10 bits with the sign.
EYECHART_AVX512 inline __m512i JoinDigits(__m512i low, __m512i high) {
  return _mm512_srai_epi32(_mm512_add_epi32(low, _mm512_slli_epi32(high, 16)),
                           kPrecisionBits);
}

// One channel of a pixel a vector to one pixel, RGB0, a lane, clipped. Packing
// saturates, and leaves four lanes of each channel side by side.
EYECHART_AVX512 inline __m512i PackPixels(__m512i r, __m512i g, __m512i b) {
  const __m512i interleave = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 4, 8, -1, 1, 5, 9, -1, 2, 6, 10, -1, 3, 7, 11, -1));
  return _mm512_shuffle_epi8(
      _mm512_packus_epi16(_mm512_packs_epi32(r, g), _mm512_packs_epi32(b, b)),
      interleave);
}

// Four rows of four 32-bit values in each quarter of four vectors, turned.
EYECHART_AVX512 inline void TurnQuarters(const __m512i* rows, __m512i* out) {
  const __m512i a = _mm512_unpacklo_epi32(rows[0], rows[1]);
  const __m512i b = _mm512_unpackhi_epi32(rows[0], rows[1]);
  const __m512i c = _mm512_unpacklo_epi32(rows[2], rows[3]);
  const __m512i d = _mm512_unpackhi_epi32(rows[2], rows[3]);
  out[0] = _mm512_unpacklo_epi64(a, c);
  out[1] = _mm512_unpackhi_epi64(a, c);
  out[2] = _mm512_unpacklo_epi64(b, d);
  out[3] = _mm512_unpackhi_epi64(b, d);
}

// A 4 x 4 block of quarters of vectors, turned.
EYECHART_AVX512 inline void TurnBlocks(
    __m512i r0, __m512i r1, __m512i r2, __m512i r3, __m512i* out) {
  const __m512i a = _mm512_shuffle_i32x4(r0, r1, 0x44);
  const __m512i b = _mm512_shuffle_i32x4(r0, r1, 0xEE);
  const __m512i c = _mm512_shuffle_i32x4(r2, r3, 0x44);
  const __m512i d = _mm512_shuffle_i32x4(r2, r3, 0xEE);
  out[0] = _mm512_shuffle_i32x4(a, c, 0x88);
  out[1] = _mm512_shuffle_i32x4(a, c, 0xDD);
  out[2] = _mm512_shuffle_i32x4(b, d, 0x88);
  out[3] = _mm512_shuffle_i32x4(b, d, 0xDD);
}

EYECHART_AVX512 inline __mmask64 ByteMask(std::size_t n) {
  return n >= 64 ? ~__mmask64{0} : (__mmask64{1} << n) - 1;
}

// `pixels` (at most kTile) RGB pixels of kLanes rows to pairs: for every two
// pixels 3 x kPairWords words. What is beyond `pixels` becomes 0.
EYECHART_AVX512 void TileToPairs(const std::uint8_t* const* rows,
                                 std::size_t offset,
                                 std::size_t pixels,
                                 std::uint16_t* pairs) {
  const __mmask64 mask = ByteMask(pixels * 3);
  // Four pixels to each quarter, then each channel's four bytes together, in
  // the order 0, 2, 1, 3: even bytes are the first pair, odd ones the second.
  const __m512i spread =
      _mm512_setr_epi32(0, 1, 2, 15, 3, 4, 5, 15, 6, 7, 8, 15, 9, 10, 11, 15);
  const __m512i gather = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11, 12, 12, 12, 12));
  const __m512i even = _mm512_set1_epi16(0x00FF);
  __m512i quarters[4][4];
  for (std::size_t group = 0; group < 4; ++group) {
    __m512i four[4];
    for (std::size_t r = 0; r < 4; ++r) {
      const __m512i bytes =
          _mm512_maskz_loadu_epi8(mask, rows[group * 4 + r] + offset);
      four[r] =
          _mm512_shuffle_epi8(_mm512_permutexvar_epi32(spread, bytes), gather);
    }
    TurnQuarters(four, quarters[group]);
  }
  for (std::size_t channel = 0; channel < 3; ++channel) {
    __m512i turned[4];
    TurnBlocks(quarters[0][channel], quarters[1][channel], quarters[2][channel],
               quarters[3][channel], turned);
    std::uint16_t* to = pairs + channel * kPairWords;
    for (std::size_t q = 0; q < 4; ++q, to += 6 * kPairWords) {
      _mm512_storeu_si512(to, _mm512_and_si512(turned[q], even));
      _mm512_storeu_si512(to + 3 * kPairWords, _mm512_srli_epi16(turned[q], 8));
    }
  }
}

// kTile vectors, one a pixel, of kLanes RGB0 values, to rows of `pixels` RGB
// pixels.
EYECHART_AVX512 void TileToRows(const __m512i* tile,
                                std::size_t pixels,
                                std::size_t rows,
                                std::size_t row_bytes,
                                std::uint8_t* out) {
  const __mmask64 mask = ByteMask(pixels * 3);
  const __m512i squeeze = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m512i join =
      _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 3, 3, 3);
  __m512i quarters[4][4];
  for (std::size_t group = 0; group < 4; ++group)
    TurnQuarters(tile + group * 4, quarters[group]);
  for (std::size_t k = 0; k < 4; ++k) {
    __m512i turned[4];
    TurnBlocks(quarters[0][k], quarters[1][k], quarters[2][k], quarters[3][k],
               turned);
    for (std::size_t q = 0; q < 4; ++q) {
      const std::size_t row = q * 4 + k;
      if (row >= rows) continue;
      _mm512_mask_storeu_epi8(
          out + row * row_bytes, mask,
          _mm512_permutexvar_epi32(join,
                                   _mm512_shuffle_epi8(turned[q], squeeze)));
    }
  }
}

}  // namespace

// Sixteen rows are turned so that a vector holds one channel of two pixels of
// each, which is what AddPairs wants, and the sums are turned back.
EYECHART_AVX512
void ResizeRowsAvx512(const std::uint8_t* in,
                      int in_width,
                      int rows,
                      const AxisWeights& across,
                      std::uint8_t* out) {
  const auto width = static_cast<std::size_t>(in_width);
  const std::size_t out_width = across.first.size();
  const auto row_count = static_cast<std::size_t>(rows);
  const PairedWeights weights = PairWeights(across, true);
  const std::size_t tiles = (width + kTile - 1) / kTile;
  const auto pairs = std::make_unique_for_overwrite<std::uint16_t[]>(
      tiles * kTile / 2 * 3 * kPairWords);
  for (std::size_t row = 0; row < row_count; row += kLanes) {
    const std::size_t block = std::min(kLanes, row_count - row);
    const std::uint8_t* from[kLanes];
    for (std::size_t r = 0; r < kLanes; ++r)
      from[r] = in + (row + std::min(r, block - 1)) * width * 3;
    std::size_t turned = 0;  // pixels, only just before they are read
    __m512i tile[kTile];
    for (std::size_t x = 0; x < out_width; ++x) {
      const std::size_t needed =
          static_cast<std::size_t>(across.first[x] + across.count[x]);
      for (; turned < needed; turned += kTile)
        TileToPairs(from, turned * 3, std::min(kTile, width - turned),
                    pairs.get() + turned / 2 * 3 * kPairWords);
      const std::uint16_t* samples =
          pairs.get() +
          static_cast<std::size_t>(across.first[x] / 2) * 3 * kPairWords;
      const std::uint16_t* lows = weights.low.data() + x * weights.stride;
      const std::uint16_t* highs = weights.high.data() + x * weights.stride;
      __m512i r_low = HalfUnit(), r_high = _mm512_setzero_si512();
      __m512i g_low = HalfUnit(), g_high = _mm512_setzero_si512();
      __m512i b_low = HalfUnit(), b_high = _mm512_setzero_si512();
      const int count = PairCount(across, x, true);
      for (int i = 0; i < count; ++i, samples += 3 * kPairWords) {
        const __m512i low = TwoDigits(lows + 2 * i);
        const __m512i high = TwoDigits(highs + 2 * i);
        const __m512i r = _mm512_loadu_si512(samples);
        const __m512i g = _mm512_loadu_si512(samples + kPairWords);
        const __m512i b = _mm512_loadu_si512(samples + 2 * kPairWords);
        r_low = AddPairs(r_low, r, low);
        r_high = AddPairs(r_high, r, high);
        g_low = AddPairs(g_low, g, low);
        g_high = AddPairs(g_high, g, high);
        b_low = AddPairs(b_low, b, low);
        b_high = AddPairs(b_high, b, high);
      }
      tile[x % kTile] =
          PackPixels(JoinDigits(r_low, r_high), JoinDigits(g_low, g_high),
                     JoinDigits(b_low, b_high));
      if (x % kTile != kTile - 1 && x + 1 != out_width) continue;
      const std::size_t begin = x / kTile * kTile;
      TileToRows(tile, x + 1 - begin, block, out_width * 3,
                 out + (row * out_width + begin) * 3);
    }
  }
}

EYECHART_AVX512
void ResizeColumnsAvx512(const std::uint8_t* in,
                         std::size_t row_bytes,
                         const AxisWeights& down,
                         std::uint8_t* out) {
  constexpr std::size_t kBlock = 64;
  const PairedWeights weights = PairWeights(down, false);
  const __m512i zero = _mm512_setzero_si512();
  for (std::size_t y = 0; y < down.first.size(); ++y, out += row_bytes) {
    const std::uint16_t* lows = weights.low.data() + y * weights.stride;
    const std::uint16_t* highs = weights.high.data() + y * weights.stride;
    const std::uint8_t* rows =
        in + static_cast<std::size_t>(down.first[y]) * row_bytes;
    const int count = PairCount(down, y, false);
    for (std::size_t x = 0; x < row_bytes; x += kBlock) {
      const __mmask64 mask = ByteMask(row_bytes - x);
      const std::uint8_t* from = rows + x;
      __m512i low[4] = {HalfUnit(), HalfUnit(), HalfUnit(), HalfUnit()};
      __m512i high[4] = {zero, zero, zero, zero};
      for (int i = 0; i < count; ++i, from += 2 * row_bytes) {
        const __m512i a = _mm512_maskz_loadu_epi8(mask, from);
        // A last row without a partner is paired with itself, at weight 0.
        const bool alone = 2 * i + 1 == down.count[y];
        const __m512i b =
            alone ? a : _mm512_maskz_loadu_epi8(mask, from + row_bytes);
        const __m512i begin = _mm512_unpacklo_epi8(a, b);
        const __m512i end = _mm512_unpackhi_epi8(a, b);
        const __m512i samples[4] = {_mm512_unpacklo_epi8(begin, zero),
                                    _mm512_unpackhi_epi8(begin, zero),
                                    _mm512_unpacklo_epi8(end, zero),
                                    _mm512_unpackhi_epi8(end, zero)};
        const __m512i low_weights = TwoDigits(lows + 2 * i);
        const __m512i high_weights = TwoDigits(highs + 2 * i);
        for (int k = 0; k < 4; ++k) {
          low[k] = AddPairs(low[k], samples[k], low_weights);
          high[k] = AddPairs(high[k], samples[k], high_weights);
        }
      }
      const __m512i words[2] = {
          _mm512_packs_epi32(JoinDigits(low[0], high[0]),
                             JoinDigits(low[1], high[1])),
          _mm512_packs_epi32(JoinDigits(low[2], high[2]),
                             JoinDigits(low[3], high[3]))};
      _mm512_mask_storeu_epi8(out + x, mask,
                              _mm512_packus_epi16(words[0], words[1]));
    }
  }
}

}  // namespace eyechart::data::internal

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif  // defined(__x86_64__)
