#include "mining/kernels.h"

#include <cstring>

// The build aims at any x86-64; the loops below are compiled a second time for
// AVX2 and the processor is asked once which of the two to take.
#if defined(__x86_64__) && defined(__GNUC__)
#define EYECHART_HAS_AVX2 1
#define EYECHART_AVX2 __attribute__((target("avx2,fma")))
#endif
#define EYECHART_INLINE inline __attribute__((always_inline))

namespace eyechart::mining {
namespace {

using Float8 = float __attribute__((vector_size(32)));
using Double8 = double __attribute__((vector_size(64)));

EYECHART_INLINE double DotExactBody(const float* a,
                                    const float* b,
                                    std::int64_t n) {
  Double8 sum[2] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int half = 0; half < 2; ++half) {
      Float8 x;
      Float8 y;
      std::memcpy(&x, a + i + 8 * half, sizeof(x));
      std::memcpy(&y, b + i + 8 * half, sizeof(y));
      sum[half] += __builtin_convertvector(x, Double8) *
                   __builtin_convertvector(y, Double8);
    }
  }
  double lanes[16];
  std::memcpy(lanes, sum, sizeof(lanes));
  for (int lane = 0; i < n; ++i, ++lane) {
    float x;
    float y;
    std::memcpy(&x, a + i, sizeof(x));
    std::memcpy(&y, b + i, sizeof(y));
    lanes[lane] += static_cast<double>(x) * static_cast<double>(y);
  }
  for (int width = 8; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  return lanes[0];
}

EYECHART_INLINE float DotFastBody(const float* a,
                                  const float* b,
                                  std::int64_t n) {
  Float8 sum[4] = {};
  std::int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    for (int part = 0; part < 4; ++part) {
      Float8 x;
      Float8 y;
      std::memcpy(&x, a + i + 8 * part, sizeof(x));
      std::memcpy(&y, b + i + 8 * part, sizeof(y));
      sum[part] += x * y;
    }
  }
  const Float8 all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  float total = 0;
  for (int lane = 0; lane < 8; ++lane) total += all[lane];
  for (; i < n; ++i) {
    float x;
    float y;
    std::memcpy(&x, a + i, sizeof(x));
    std::memcpy(&y, b + i, sizeof(y));
    total += x * y;
  }
  return total;
}

EYECHART_INLINE void ScaleBody(const float* x,
                               double scale,
                               std::int64_t n,
                               float* out) {
  for (std::int64_t i = 0; i < n; ++i)
    out[i] = static_cast<float>(static_cast<double>(x[i]) * scale);
}

EYECHART_INLINE std::int64_t CountAboveBody(const float* x,
                                            std::int64_t n,
                                            float threshold) {
  std::int64_t total = 0;
  // 32-bit counters keep the compare and the sum at one width.
  constexpr std::int64_t kBlock = 1 << 16;
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t end = begin + kBlock < n ? begin + kBlock : n;
    std::int32_t count = 0;
    for (std::int64_t i = begin; i < end; ++i) count += x[i] > threshold;
    total += count;
  }
  return total;
}

struct Kernels {
  double (*dot_exact)(const float*, const float*, std::int64_t);
  float (*dot_fast)(const float*, const float*, std::int64_t);
  void (*scale)(const float*, double, std::int64_t, float*);
  std::int64_t (*count_above)(const float*, std::int64_t, float);
};

double DotExactPlain(const float* a, const float* b, std::int64_t n) {
  return DotExactBody(a, b, n);
}
float DotFastPlain(const float* a, const float* b, std::int64_t n) {
  return DotFastBody(a, b, n);
}
void ScalePlain(const float* x, double scale, std::int64_t n, float* out) {
  ScaleBody(x, scale, n, out);
}
std::int64_t CountAbovePlain(const float* x, std::int64_t n, float threshold) {
  return CountAboveBody(x, n, threshold);
}

#ifdef EYECHART_HAS_AVX2
EYECHART_AVX2 double DotExactAvx2(const float* a,
                                  const float* b,
                                  std::int64_t n) {
  return DotExactBody(a, b, n);
}
EYECHART_AVX2 float DotFastAvx2(const float* a,
                                const float* b,
                                std::int64_t n) {
  return DotFastBody(a, b, n);
}
EYECHART_AVX2 void ScaleAvx2(const float* x,
                             double scale,
                             std::int64_t n,
                             float* out) {
  ScaleBody(x, scale, n, out);
}
EYECHART_AVX2 std::int64_t CountAboveAvx2(const float* x,
                                          std::int64_t n,
                                          float threshold) {
  return CountAboveBody(x, n, threshold);
}
#endif

Kernels ChooseKernels() {
#ifdef EYECHART_HAS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {DotExactAvx2, DotFastAvx2, ScaleAvx2, CountAboveAvx2};
#endif
  return {DotExactPlain, DotFastPlain, ScalePlain, CountAbovePlain};
}

const Kernels& Chosen() {
  static const Kernels kernels = ChooseKernels();
  return kernels;
}

}  // namespace

double DotExact(const float* a, const float* b, std::int64_t n) {
  return Chosen().dot_exact(a, b, n);
}

float DotFast(const float* a, const float* b, std::int64_t n) {
  return Chosen().dot_fast(a, b, n);
}

void Scale(const float* x, double scale, std::int64_t n, float* out) {
  Chosen().scale(x, scale, n, out);
}

void ScaleToDouble(const float* x, double scale, std::int64_t n, double* out) {
  // Bound by memory: no second build of it.
  for (std::int64_t i = 0; i < n; ++i)
    out[i] = static_cast<double>(x[i]) * scale;
}

std::int64_t CountAbove(const float* x, std::int64_t n, float threshold) {
  return Chosen().count_above(x, n, threshold);
}

double CosineError(std::int64_t dim) {
  return static_cast<double>(dim + 8) * 0x1p-24;
}

}  // namespace eyechart::mining
