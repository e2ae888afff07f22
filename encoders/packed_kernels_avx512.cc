// Nothing here runs on a processor without AVX-512.
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "encoders/packed_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace eyechart::encoders::internal {

#if defined(__x86_64__)

namespace avx512 {
namespace {

#define EYECHART_KERNEL __attribute__((target("avx512f")))

using Floats = __m512;

struct Lanes {
  static constexpr int kCount = 16;
  // 24 vectors of sums, two of weights and one of input, of 32 registers. 12
  // and not 14, of equal speed, because rows are packed by fours.
  static constexpr int kTileRows = 12;
  static constexpr std::int64_t kDepth = 192;

  EYECHART_KERNEL static Floats All(float x) { return _mm512_set1_ps(x); }
  EYECHART_KERNEL static Floats Load(const float* from) {
    return _mm512_loadu_ps(from);
  }
  EYECHART_KERNEL static Floats LoadAligned(const float* from) {
    return _mm512_load_ps(from);
  }
  EYECHART_KERNEL static void Store(Floats x, float* to) {
    _mm512_storeu_ps(to, x);
  }
  EYECHART_KERNEL static Floats Plus(Floats a, Floats b) {
    return _mm512_add_ps(a, b);
  }
  EYECHART_KERNEL static Floats Minus(Floats a, Floats b) {
    return _mm512_sub_ps(a, b);
  }
  EYECHART_KERNEL static Floats Times(Floats a, Floats b) {
    return _mm512_mul_ps(a, b);
  }
  EYECHART_KERNEL static Floats Over(Floats a, Floats b) {
    return _mm512_div_ps(a, b);
  }
  EYECHART_KERNEL static Floats Min(Floats a, Floats b) {
    return _mm512_min_ps(a, b);
  }
  EYECHART_KERNEL static Floats Max(Floats a, Floats b) {
    return _mm512_max_ps(a, b);
  }
  EYECHART_KERNEL static Floats PlusProduct(Floats a, Floats b, Floats c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  EYECHART_KERNEL static Floats MinusProduct(Floats a, Floats b, Floats c) {
    return _mm512_fnmadd_ps(a, b, c);
  }
  EYECHART_KERNEL static Floats Round(Floats x) {
    return _mm512_roundscale_ps(x,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  EYECHART_KERNEL static Floats PowerOfTwo(Floats n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(
        _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
  }
};

#include "encoders/packed_kernels_body.inc"

#undef EYECHART_KERNEL

}  // namespace
}  // namespace avx512

const TileKernels* Avx512TileKernels() {
  static const bool has = __builtin_cpu_supports("avx512f") != 0;
  return has ? &avx512::kKernels : nullptr;
}

#else

const TileKernels* Avx512TileKernels() { return nullptr; }

#endif

}  // namespace eyechart::encoders::internal
