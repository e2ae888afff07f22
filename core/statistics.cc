#include "core/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>
#include <vector>

#include "core/error.h"

namespace eyechart {
namespace {

template <std::size_t N>
double Polynomial(const std::array<double, N>& c, double x) {
  double sum = 0;
  for (const double coefficient : c) sum = sum * x + coefficient;
  return sum;
}

// P. J. Acklam's rational approximation, relative error 1.15e-9.
double AcklamQuantile(double p) {
  constexpr std::array a = {-3.969683028665376e+01, 2.209460984245205e+02,
                            -2.759285104469687e+02, 1.383577518672690e+02,
                            -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr std::array b = {-5.447609879822406e+01, 1.615858368580409e+02,
                            -1.556989798598866e+02, 6.680131188771972e+01,
                            -1.328068155288572e+01, 1.0};
  constexpr std::array c = {-7.784894002430293e-03, -3.223964580411365e-01,
                            -2.400758277161838e+00, -2.549732539343734e+00,
                            4.374664141464968e+00,  2.938163982698783e+00};
  constexpr std::array d = {7.784695709041462e-03, 3.224671290700398e-01,
                            2.445134137142996e+00, 3.754408661907416e+00, 1.0};
  constexpr double kTail = 0.02425;
  if (p < kTail) {
    const double q = std::sqrt(-2 * std::log(p));
    return Polynomial(c, q) / Polynomial(d, q);
  }
  if (p > 1 - kTail) return -AcklamQuantile(1 - p);
  const double q = p - 0.5;
  const double r = q * q;
  return Polynomial(a, r) * q / Polynomial(b, r);
}

}  // namespace

double NormalQuantile(double p) {
  EYECHART_CHECK(p > 0 && p < 1, "p = {}", p);
  const double x = AcklamQuantile(p);
  // One step of Halley's method on the error function's own value.
  const double e = 0.5 * std::erfc(-x / std::numbers::sqrt2) - p;
  const double u = e * std::sqrt(2 * std::numbers::pi) * std::exp(x * x / 2);
  return x - u / (1 + x * u / 2);
}

Interval WilsonInterval(std::int64_t successes, std::int64_t n, double level) {
  EYECHART_CHECK(successes >= 0 && successes <= n, "{} of {}", successes, n);
  if (n == 0) return {0, 1, level, "wilson"};
  const double z = NormalQuantile(0.5 + level / 2);
  const auto count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double z2 = z * z;
  const double centre = (p + z2 / (2 * count)) / (1 + z2 / count);
  const double half = z / (1 + z2 / count) *
                      std::sqrt(p * (1 - p) / count + z2 / (4 * count * count));
  // At 0 and n the bound is exact; rounding must not move it.
  const double low = successes == 0 ? 0 : std::max(0.0, centre - half);
  const double high = successes == n ? 1 : std::min(1.0, centre + half);
  return {low, high, level, "wilson"};
}

Interval PairShareInterval(std::span<const std::int64_t> hits,
                           std::span<const std::int64_t> trials,
                           double level) {
  EYECHART_CHECK(hits.size() == trials.size(), "{} and {} images", hits.size(),
                 trials.size());
  const auto sum = [](std::span<const std::int64_t> counts) {
    return static_cast<double>(
               std::accumulate(counts.begin(), counts.end(), std::int64_t{0})) /
           2;
  };
  const double hit = sum(hits);
  const double trial = sum(trials);
  constexpr const char* kMethod = "jackknife over images";
  std::vector<double> shares;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const double left = trial - static_cast<double>(trials[i]);
    if (left > 0) shares.push_back((hit - static_cast<double>(hits[i])) / left);
  }
  if (shares.size() < 2) return {0, 1, level, kMethod};
  const auto n = static_cast<double>(shares.size());
  const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / n;
  double squares = 0;
  for (const double share : shares) squares += (share - mean) * (share - mean);
  const double half =
      NormalQuantile(0.5 + level / 2) * std::sqrt((n - 1) / n * squares);
  const double share = hit / trial;
  return {std::max(0.0, share - half), std::min(1.0, share + half), level,
          kMethod};
}

double McNemarExactP(std::int64_t b, std::int64_t c, bool mid_p) {
  EYECHART_CHECK(b >= 0 && c >= 0, "{} and {}", b, c);
  const std::int64_t n = b + c;
  if (n == 0) return 1;
  const std::int64_t fewer = std::min(b, c);
  const auto count = static_cast<double>(n);
  const auto at = static_cast<double>(fewer);
  const double seen =
      std::exp(std::lgamma(count + 1) - std::lgamma(at + 1) -
               std::lgamma(count - at + 1) - count * std::numbers::ln2);
  // Both tails reach the middle: the doubled one would count it twice.
  if (b == c) return mid_p ? 1 - seen / 2 : 1;
  // From the largest term down each is the last one times k / (n - k + 1).
  double tail = 0;
  double term = seen;
  for (std::int64_t k = fewer; k >= 0 && term > 0; --k) {
    tail += term;
    if (term < tail * 1e-18) break;
    term *= static_cast<double>(k) / static_cast<double>(n - k + 1);
  }
  return std::min(1.0, 2 * tail - (mid_p ? seen : 0));
}

Interval PairedDifferenceInterval(std::int64_t both,
                                  std::int64_t only_first,
                                  std::int64_t only_second,
                                  std::int64_t neither,
                                  double level) {
  const std::int64_t count = both + only_first + only_second + neither;
  EYECHART_CHECK(count > 0, "no items");
  const auto n = static_cast<double>(count);
  const double p1 = static_cast<double>(both + only_first) / n;
  const double p2 = static_cast<double>(both + only_second) / n;
  const Interval one = WilsonInterval(both + only_first, count, level);
  const Interval two = WilsonInterval(both + only_second, count, level);
  // The correlation of the two, with Newcombe's continuity correction.
  const auto a = static_cast<double>(both), b = static_cast<double>(only_first);
  const auto c = static_cast<double>(only_second);
  const auto d = static_cast<double>(neither);
  const double marginals = (a + b) * (c + d) * (a + c) * (b + d);
  double phi = 0;
  if (marginals > 0) {
    double cross = a * d - b * c;
    if (cross > 0) cross = std::max(cross - n / 2, 0.0);
    phi = cross / std::sqrt(marginals);
  }
  const auto width = [phi](double left, double right) {
    return std::sqrt(
        std::max(0.0, left * left - 2 * phi * left * right + right * right));
  };
  Interval interval;
  interval.level = level;
  interval.method = "newcombe paired";
  const double difference = p2 - p1;
  interval.low = difference - width(p2 - two.low, one.high - p1);
  interval.high = difference + width(two.high - p2, p1 - one.low);
  return interval;
}

Interval BootstrapMeanInterval(std::span<const double> values,
                               std::uint64_t seed,
                               int resamples,
                               double level) {
  EYECHART_CHECK(resamples > 0, "{} resamples", resamples);
  constexpr const char* kMethod = "bootstrap of the mean";
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {kNone, kNone, level, kMethod};
  // The engine is the same everywhere; the library's distributions are not.
  std::mt19937_64 rng(seed);
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (int draw = 0; draw < resamples; ++draw) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      sum += values[rng() % values.size()];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  std::sort(means.begin(), means.end());
  const auto quantile = [&means](double p) {
    const double place = p * static_cast<double>(means.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, means.size() - 1);
    return means[below] +
           (place - static_cast<double>(below)) * (means[above] - means[below]);
  };
  return {quantile(0.5 - level / 2), quantile(0.5 + level / 2), level, kMethod};
}

double Median(std::span<const double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle]
                                : (sorted[middle - 1] + sorted[middle]) / 2;
}

}  // namespace eyechart
