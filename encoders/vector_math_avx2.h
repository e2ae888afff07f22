// Exponentials and error functions of eight floats, for the kernels on AVX2.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#define EYECHART_AVX2 __attribute__((target("avx2,fma")))

namespace eyechart::encoders::internal {

/// e^x to 2 units in the last place; x is first clipped to [-87.3, 88.3], so
/// that the result is a normal number. A NaN stays one.
EYECHART_AVX2 inline __m256 Exp(__m256 x) {
  // The second operand of min and max is what they return beside a NaN.
  x = _mm256_min_ps(_mm256_set1_ps(88.3F), x);
  x = _mm256_max_ps(_mm256_set1_ps(-87.3F), x);
  // x = n ln 2 + r, with ln 2 in two parts. Polynomial: expf of Cephes.
  const __m256 n =
      _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                      _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 y = _mm256_set1_ps(1.9875691500e-4F);
  y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.3981999507e-3F));
  y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(8.3334519073e-3F));
  y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(4.1665795894e-2F));
  y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.6666665459e-1F));
  y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(5.0000001201e-1F));
  y = _mm256_fmadd_ps(y, _mm256_mul_ps(r, r),
                      _mm256_add_ps(r, _mm256_set1_ps(1)));
  const __m256i power = _mm256_slli_epi32(
      _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(y, _mm256_castsi256_ps(power));
}

/// x / (1 + e^-z): x times the logistic function of z.
EYECHART_AVX2 inline __m256 TimesSigmoid(__m256 x, __m256 z) {
  const __m256 one = _mm256_set1_ps(1);
  const __m256 decay = Exp(_mm256_sub_ps(_mm256_setzero_ps(), z));
  return _mm256_div_ps(x, _mm256_add_ps(one, decay));
}

/// erf(x), absolute error below 4e-7. A NaN stays one.
EYECHART_AVX2 inline __m256 Erf(__m256 x) {
  // Beyond, it is 1 in float32. Rational minimax approximation: XLA's.
  x = _mm256_min_ps(_mm256_set1_ps(3.7439212F), x);
  x = _mm256_max_ps(_mm256_set1_ps(-3.7439212F), x);
  const __m256 s = _mm256_mul_ps(x, x);
  __m256 p = _mm256_set1_ps(2.2905065861350646e-4F);
  p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(3.4082910107109506e-3F));
  p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(5.0955695062380861e-2F));
  p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(1.8520832239976145e-1F));
  p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(1.128379143519084F));
  __m256 q = _mm256_set1_ps(-1.1791602954361697e-7F);
  q = _mm256_fmadd_ps(q, s, _mm256_set1_ps(2.3547966471313185e-5F));
  q = _mm256_fmadd_ps(q, s, _mm256_set1_ps(1.0179625278914885e-3F));
  q = _mm256_fmadd_ps(q, s, _mm256_set1_ps(1.4070470171167667e-2F));
  q = _mm256_fmadd_ps(q, s, _mm256_set1_ps(1.1098505178285362e-1F));
  q = _mm256_fmadd_ps(q, s, _mm256_set1_ps(4.9746925110067538e-1F));
  q = _mm256_fmadd_ps(q, s, _mm256_set1_ps(1));
  return _mm256_div_ps(_mm256_mul_ps(x, p), q);
}

}  // namespace eyechart::encoders::internal

#endif
