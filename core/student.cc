#include "core/student.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace eyechart {
namespace {

// Continued fraction of the incomplete beta function, x < (a + 1)/(a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr double kEpsilon = 1e-16;
  constexpr int kMost = 10000;
  const auto away = [](double value) {
    return std::abs(value) < kTiny ? kTiny : value;
  };
  double c = 1;
  double d = 1 / away(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < kMost; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const double odd =
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < kEpsilon) break;
  }
  return fraction;
}

// I_x(a, b), with 1 - x given beside x so that neither loses digits.
double RegularizedBeta(double a, double b, double x, double rest) {
  if (x <= 0) return 0;
  if (rest <= 0) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
               a * std::log(x) + b * std::log(rest));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, rest) / b;
}

}  // namespace

double StudentCdf(double t, double df) {
  EYECHART_CHECK(df > 0, "{} degrees of freedom", df);
  const double sum = df + t * t;
  const double tail = 0.5 * RegularizedBeta(df / 2, 0.5, df / sum, t * t / sum);
  return t > 0 ? 1 - tail : tail;
}

double StudentQuantile(double p, double df) {
  EYECHART_CHECK(p > 0 && p < 1 && df >= 1, "p = {}, df = {}", p, df);
  if (p > 0.5) return -StudentQuantile(1 - p, df);
  double low = -1;
  while (StudentCdf(low, df) > p) low *= 2;
  double high = 0;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (StudentCdf(middle, df) < p ? low : high) = middle;
  }
  return high;
}

Interval StudentInterval(std::span<const double> values, double level) {
  Interval interval;
  interval.level = level;
  interval.method = "student-t";
  const auto n = static_cast<double>(values.size());
  if (values.size() < 2) {
    interval.low = interval.high = std::numeric_limits<double>::quiet_NaN();
    return interval;
  }
  double mean = 0;
  for (const double value : values) mean += value;
  mean /= n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = StudentQuantile(0.5 + level / 2, n - 1) *
                      std::sqrt(squares / (n - 1) / n);
  interval.low = mean - half;
  interval.high = mean + half;
  return interval;
}

}  // namespace eyechart
