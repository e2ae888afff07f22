// Nothing here runs on a processor without AVX2 and FMA.
#include "core/error.h"
#include "encoders/packed_kernels.h"
#include "encoders/vector_math_avx2.h"

namespace eyechart::encoders::internal {

#if defined(__x86_64__)

namespace {

template <int kRows>
EYECHART_AVX2 void Multiply(const float* packed,
                            const float* weights,
                            std::int64_t depth,
                            bool first,
                            float* tile) {
  __m256 left[kRows];
  __m256 right[kRows];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
    left[i] = _mm256_setzero_ps();
    right[i] = _mm256_setzero_ps();
  }
#pragma GCC unroll 4
  for (std::int64_t k = 0; k < depth; ++k) {
    const __m256 w0 = _mm256_load_ps(weights);
    const __m256 w1 = _mm256_load_ps(weights + 8);
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
      const __m256 x = _mm256_broadcast_ss(packed + i);
      left[i] = _mm256_fmadd_ps(x, w0, left[i]);
      right[i] = _mm256_fmadd_ps(x, w1, right[i]);
    }
    weights += kTileColumns;
    packed += kTileRows;
  }
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
    float* to = tile + i * kTileColumns;
    // Added after, not begun with: the rounding of a long sum made of parts
    // is smaller.
    if (!first) {
      left[i] = _mm256_add_ps(left[i], _mm256_loadu_ps(to));
      right[i] = _mm256_add_ps(right[i], _mm256_loadu_ps(to + 8));
    }
    _mm256_storeu_ps(to, left[i]);
    _mm256_storeu_ps(to + 8, right[i]);
  }
}

EYECHART_AVX2 inline __m256 Activated(__m256 x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGelu: {
      const __m256 half = _mm256_mul_ps(x, _mm256_set1_ps(0.5F));
      const __m256 erf = Erf(_mm256_mul_ps(x, _mm256_set1_ps(0.707106781F)));
      return _mm256_fmadd_ps(half, erf, half);
    }
    case Activation::kGeluTanh: {
      // (1 + tanh(u)) / 2 is the logistic function of 2 u.
      const __m256 cubic =
          _mm256_fmadd_ps(_mm256_mul_ps(x, x), _mm256_set1_ps(0.0713548163F),
                          _mm256_set1_ps(1.59576912F));
      return TimesSigmoid(x, _mm256_mul_ps(x, cubic));
    }
    case Activation::kQuickGelu:
      return TimesSigmoid(x, _mm256_mul_ps(x, _mm256_set1_ps(1.702F)));
    case Activation::kSilu:
      return TimesSigmoid(x, x);
    case Activation::kRelu:
      // A NaN is returned where it stands second.
      return _mm256_max_ps(_mm256_setzero_ps(), x);
  }
  return x;
}

template <Activation kActivation>
EYECHART_AVX2 void ActivateRows(const float* bias,
                                std::int64_t rows,
                                float* tile) {
  const __m256 b0 = _mm256_loadu_ps(bias);
  const __m256 b1 = _mm256_loadu_ps(bias + 8);
  for (std::int64_t i = 0; i < rows; ++i, tile += kTileColumns) {
    const __m256 left = _mm256_add_ps(_mm256_loadu_ps(tile), b0);
    const __m256 right = _mm256_add_ps(_mm256_loadu_ps(tile + 8), b1);
    _mm256_storeu_ps(tile, Activated(left, kActivation));
    _mm256_storeu_ps(tile + 8, Activated(right, kActivation));
  }
}

}  // namespace

bool HasTileKernels() {
  static const bool has =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  return has;
}

EYECHART_AVX2
void PackTileRows(const float* in,
                  std::int64_t stride,
                  std::int64_t rows,
                  std::int64_t depth,
                  float* out) {
  std::int64_t k = 0;
  if (rows == kTileRows) {
    // Four columns at a time: a transposed square of four rows, and the last
    // two rows in pairs.
    for (; k + 4 <= depth; k += 4, out += 4 * kTileRows) {
      __m128 a = _mm_loadu_ps(in + k);
      __m128 b = _mm_loadu_ps(in + stride + k);
      __m128 c = _mm_loadu_ps(in + 2 * stride + k);
      __m128 d = _mm_loadu_ps(in + 3 * stride + k);
      const __m128 e = _mm_loadu_ps(in + 4 * stride + k);
      const __m128 f = _mm_loadu_ps(in + 5 * stride + k);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      const __m128 low = _mm_unpacklo_ps(e, f);
      const __m128 high = _mm_unpackhi_ps(e, f);
      _mm_storeu_ps(out, a);
      _mm_storeu_ps(out + kTileRows, b);
      _mm_storeu_ps(out + 2 * kTileRows, c);
      _mm_storeu_ps(out + 3 * kTileRows, d);
      _mm_storel_pi(reinterpret_cast<__m64*>(out + 4), low);
      _mm_storeh_pi(reinterpret_cast<__m64*>(out + kTileRows + 4), low);
      _mm_storel_pi(reinterpret_cast<__m64*>(out + 2 * kTileRows + 4), high);
      _mm_storeh_pi(reinterpret_cast<__m64*>(out + 3 * kTileRows + 4), high);
    }
  }
  for (; k < depth; ++k)
    for (std::int64_t row = 0; row < kTileRows; ++row)
      *out++ = row < rows ? in[row * stride + k] : 0.0F;
}

void MultiplyTile(const float* packed,
                  const float* weights,
                  std::int64_t rows,
                  std::int64_t depth,
                  bool first,
                  float* tile) {
  switch (rows) {
    case 1:
      return Multiply<1>(packed, weights, depth, first, tile);
    case 2:
      return Multiply<2>(packed, weights, depth, first, tile);
    case 3:
      return Multiply<3>(packed, weights, depth, first, tile);
    case 4:
      return Multiply<4>(packed, weights, depth, first, tile);
    case 5:
      return Multiply<5>(packed, weights, depth, first, tile);
    default:
      return Multiply<6>(packed, weights, depth, first, tile);
  }
}

void ActivateTile(const float* bias,
                  Activation activation,
                  std::int64_t rows,
                  float* tile) {
  switch (activation) {
    case Activation::kNone:
      return ActivateRows<Activation::kNone>(bias, rows, tile);
    case Activation::kGelu:
      return ActivateRows<Activation::kGelu>(bias, rows, tile);
    case Activation::kGeluTanh:
      return ActivateRows<Activation::kGeluTanh>(bias, rows, tile);
    case Activation::kQuickGelu:
      return ActivateRows<Activation::kQuickGelu>(bias, rows, tile);
    case Activation::kSilu:
      return ActivateRows<Activation::kSilu>(bias, rows, tile);
    case Activation::kRelu:
      return ActivateRows<Activation::kRelu>(bias, rows, tile);
  }
}

EYECHART_AVX2
void GateTile(const float* bias, std::int64_t rows, float* tile) {
  const __m256 b0 = _mm256_loadu_ps(bias);
  const __m256 b1 = _mm256_loadu_ps(bias + 8);
  for (std::int64_t i = 0; i < rows; ++i, tile += kTileColumns) {
    const __m256 gate = _mm256_add_ps(_mm256_loadu_ps(tile), b0);
    const __m256 value = _mm256_add_ps(_mm256_loadu_ps(tile + 8), b1);
    _mm256_storeu_ps(tile, _mm256_mul_ps(TimesSigmoid(gate, gate), value));
  }
}

EYECHART_AVX2
void StoreTile(const float* tile,
               std::int64_t rows,
               std::int64_t columns,
               const float* residual,
               std::int64_t stride,
               float* out) {
  for (std::int64_t i = 0; i < rows; ++i, tile += kTileColumns) {
    const float* add = residual == nullptr ? nullptr : residual + i * stride;
    float* to = out + i * stride;
    std::int64_t j = 0;
    for (; j + 8 <= columns; j += 8) {
      __m256 sum = _mm256_loadu_ps(tile + j);
      if (add != nullptr) sum = _mm256_add_ps(sum, _mm256_loadu_ps(add + j));
      _mm256_storeu_ps(to + j, sum);
    }
    for (; j < columns; ++j)
      to[j] = add == nullptr ? tile[j] : tile[j] + add[j];
  }
}

EYECHART_AVX2 float DotInt8(const std::int8_t* q,
                            const float* x,
                            std::int64_t length) {
  __m256 sums[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) sums[j] = _mm256_setzero_ps();
  for (std::int64_t i = 0; i < length; i += 32) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const __m128i bytes =
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(q + i + 8 * j));
      const __m256 values = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
      sums[j] =
          _mm256_fmadd_ps(values, _mm256_loadu_ps(x + i + 8 * j), sums[j]);
    }
  }
  const __m256 sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]),
                                   _mm256_add_ps(sums[2], sums[3]));
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, sum);
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
         ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

#else

bool HasTileKernels() { return false; }

void PackTileRows(
    const float*, std::int64_t, std::int64_t, std::int64_t, float*) {
  EYECHART_CHECK(false, "no tile kernels");
}
void MultiplyTile(
    const float*, const float*, std::int64_t, std::int64_t, bool, float*) {
  EYECHART_CHECK(false, "no tile kernels");
}
void ActivateTile(const float*, Activation, std::int64_t, float*) {
  EYECHART_CHECK(false, "no tile kernels");
}
void GateTile(const float*, std::int64_t, float*) {
  EYECHART_CHECK(false, "no tile kernels");
}
float DotInt8(const std::int8_t*, const float*, std::int64_t) {
  EYECHART_CHECK(false, "no tile kernels");
  return 0;
}
void StoreTile(const float*,
               std::int64_t,
               std::int64_t,
               const float*,
               std::int64_t,
               float*) {
  EYECHART_CHECK(false, "no tile kernels");
}

#endif

}  // namespace eyechart::encoders::internal
