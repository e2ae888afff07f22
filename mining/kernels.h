// Inner loops of mining: dot products and threshold scans.
#pragma once

#include <cstdint>

namespace eyechart::mining {

/// Dot product in double of two float32 rows. Each product is exact in double
/// and the sums run in a fixed order of 16 lanes, so that the value is the same
/// bit for bit on every machine, with or without fused multiply-add.
double DotExact(const float* a, const float* b, std::int64_t n);

/// Dot product in float32, in no promised order.
float DotFast(const float* a, const float* b, std::int64_t n);

/// out[i] = x[i] * scale, multiplied in double and rounded once.
void Scale(const float* x, double scale, std::int64_t n, float* out);

/// out[i] = x[i] * scale in double.
void ScaleToDouble(const float* x, double scale, std::int64_t n, double* out);

/// How many of x[0, n) lie above `threshold`.
std::int64_t CountAbove(const float* x, std::int64_t n, float threshold);

/// Bound on |computed - true cosine| of two rows of `dim` values, each scaled
/// to length 1 and rounded to float32, whose dot product is summed in float32
/// in any order: the classic (n + c) u of Higham, "Accuracy and Stability of
/// Numerical Algorithms", §3.1, with u = 2^-24, |a||b| = 1 and c = 8 for the
/// two roundings of the scaling and for those of whoever compares.
double CosineError(std::int64_t dim);

}  // namespace eyechart::mining
