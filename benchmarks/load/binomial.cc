#include "benchmarks/load/binomial.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

// ln n! - (the leading terms of Stirling's formula): Loader's delta (2000).
double StirlingError(double n) {
  if (n < 16) {
    constexpr double kHalfLog2Pi = 0.918938533204672741780329736406;
    return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - kHalfLog2Pi;
  }
  const double n2 = n * n;
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / 1680 / n2) / n2) / n2) /
         n;
}

// x ln(x / m) + m - x, exact where x is near m.
double Deviance(double x, double m) {
  const double d = x - m;
  if (std::abs(d) < 0.1 * (x + m)) {
    const double v = d / (x + m);
    double sum = d * v;
    double term = 2 * x * v;
    const double v2 = v * v;
    for (int j = 1; j < 1000; ++j) {
      term *= v2;
      const double next = sum + term / (2 * j + 1);
      if (next == sum) break;
      sum = next;
    }
    return sum;
  }
  return x * std::log(x / m) + m - x;
}

// P(B = k) by Loader's saddle point expansion (2000): logarithms of factorials
// would lose eight digits at n = 1e7.
double Mass(std::int64_t k, std::int64_t n, double p) {
  const auto x = static_cast<double>(k), m = static_cast<double>(n);
  if (k == 0) return std::exp(m * std::log1p(-p));
  if (k == n) return std::exp(m * std::log(p));
  const double exponent = StirlingError(m) - StirlingError(x) -
                          StirlingError(m - x) - Deviance(x, m * p) -
                          Deviance(m - x, m * (1 - p));
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  return std::exp(exponent) * std::sqrt(m / (kTwoPi * x * (m - x)));
}

// P(B <= k), where terms fall from k down: k at most the mode.
double LowerTail(std::int64_t k, std::int64_t n, double p) {
  double sum = 0;
  double term = Mass(k, n, p);
  for (std::int64_t i = k; i >= 0; --i) {
    sum += term;
    if (term < sum * 1e-17) break;
    term *=
        static_cast<double>(i) / static_cast<double>(n - i + 1) * (1 - p) / p;
  }
  return std::min(sum, 1.0);
}

}  // namespace

double BinomialCdf(std::int64_t k, std::int64_t n, double p) {
  EYECHART_CHECK(n >= 0 && p >= 0 && p <= 1, "n {}, p {}", n, p);
  if (k < 0) return 0;
  if (k >= n) return 1;
  if (p <= 0) return 1;
  if (p >= 1) return 0;
  if (static_cast<double>(k) <= static_cast<double>(n) * p)
    return LowerTail(k, n, p);
  return 1 - LowerTail(n - k - 1, n, 1 - p);
}

double BinomialUpper(std::int64_t k, std::int64_t n, double p) {
  EYECHART_CHECK(n >= 0 && p >= 0 && p <= 1, "n {}, p {}", n, p);
  return BinomialCdf(n - k, n, 1 - p);
}

}  // namespace eyechart::benchmarks
