// Nothing here runs on a processor without AVX2 and FMA.
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/error.h"
#include "encoders/packed_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace eyechart::encoders::internal {

#if defined(__x86_64__)

namespace avx2 {
namespace {

#define EYECHART_KERNEL __attribute__((target("avx2,fma")))

using Floats = __m256;

struct Lanes {
  static constexpr int kCount = 8;
  static constexpr int kTileRows = internal::kTileRows;
  static constexpr std::int64_t kDepth = 384;

  EYECHART_KERNEL static Floats All(float x) { return _mm256_set1_ps(x); }
  EYECHART_KERNEL static Floats Load(const float* from) {
    return _mm256_loadu_ps(from);
  }
  EYECHART_KERNEL static Floats LoadAligned(const float* from) {
    return _mm256_load_ps(from);
  }
  EYECHART_KERNEL static void Store(Floats x, float* to) {
    _mm256_storeu_ps(to, x);
  }
  EYECHART_KERNEL static Floats Plus(Floats a, Floats b) {
    return _mm256_add_ps(a, b);
  }
  EYECHART_KERNEL static Floats Minus(Floats a, Floats b) {
    return _mm256_sub_ps(a, b);
  }
  EYECHART_KERNEL static Floats Times(Floats a, Floats b) {
    return _mm256_mul_ps(a, b);
  }
  EYECHART_KERNEL static Floats Over(Floats a, Floats b) {
    return _mm256_div_ps(a, b);
  }
  EYECHART_KERNEL static Floats Min(Floats a, Floats b) {
    return _mm256_min_ps(a, b);
  }
  EYECHART_KERNEL static Floats Max(Floats a, Floats b) {
    return _mm256_max_ps(a, b);
  }
  EYECHART_KERNEL static Floats PlusProduct(Floats a, Floats b, Floats c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  EYECHART_KERNEL static Floats MinusProduct(Floats a, Floats b, Floats c) {
    return _mm256_fnmadd_ps(a, b, c);
  }
  EYECHART_KERNEL static Floats Round(Floats x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  EYECHART_KERNEL static Floats PowerOfTwo(Floats n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(
        _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
  }
};

#include "encoders/packed_kernels_body.inc"

#undef EYECHART_KERNEL

}  // namespace
}  // namespace avx2

const TileKernels* Avx2TileKernels() {
  static const bool has =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  return has ? &avx2::kKernels : nullptr;
}

__attribute__((target("avx2,fma"))) float DotInt8(const std::int8_t* q,
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

const TileKernels* Avx2TileKernels() { return nullptr; }
float DotInt8(const std::int8_t*, const float*, std::int64_t) {
  EYECHART_CHECK(false, "no tile kernels");
  return 0;
}

#endif

const TileKernels* WidestTileKernels() {
  const TileKernels* wide = Avx512TileKernels();
  return wide != nullptr ? wide : Avx2TileKernels();
}

}  // namespace eyechart::encoders::internal
