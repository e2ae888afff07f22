#include "reports/gate/rank_tests.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <vector>

namespace eyechart::reports {
namespace {

constexpr std::size_t kExact = 20;  // 2^19 sums: a few milliseconds

// P(Z > z) of the standard normal distribution.
double UpperTail(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

std::vector<double> Sizes(std::span<const double> differences) {
  std::vector<double> sizes;
  for (const double d : differences)
    if (d != 0) sizes.push_back(std::abs(d));
  return sizes;
}

// All signs but the first one's, by Gray code: one change of sign a step.
double ExactP(std::span<const double> sizes, double seen) {
  const std::size_t n = sizes.size();
  std::vector<double> term(sizes.begin(), sizes.end());
  double sum = std::accumulate(term.begin(), term.end(), 0.0);
  const double bound = seen - 1e-9 * sum;
  const std::uint64_t all = std::uint64_t{1} << (n - 1);
  std::uint64_t as_far = 0;
  for (std::uint64_t step = 1;; ++step) {
    if (std::abs(sum) >= bound) ++as_far;
    if (step == all) break;
    double& flipped = term[static_cast<std::size_t>(std::countr_zero(step))];
    sum -= 2 * flipped;
    flipped = -flipped;
  }
  return static_cast<double>(as_far) / static_cast<double>(all);
}

// The step that all sizes are multiples of, or 0 where it is so fine that the
// sum is as good as continuous.
double Step(std::span<const double> sizes, double scale) {
  double step = 0;
  for (double size : sizes) {
    // Euclid's algorithm, with room for rounding.
    while (size > 1e-6 * scale) {
      const double left = std::fmod(step, size);
      step = size;
      size = left > size - 1e-6 * scale ? 0 : left;
    }
    if (step < 1e-3 * scale) return 0;
  }
  return step;
}

// The cumulant generating function of the sum over all signs, and its first two
// derivatives, at t.
struct Cumulants {
  double k = 0;
  double slope = 0;
  double curvature = 0;
};

Cumulants CumulantsAt(std::span<const double> sizes, double t) {
  Cumulants sum;
  for (const double a : sizes) {
    const double x = t * a;
    const double tanh = std::tanh(x);
    sum.k += x + std::log1p(std::exp(-2 * x)) - std::numbers::ln2;
    sum.slope += a * tanh;
    sum.curvature += a * a * (1 - tanh) * (1 + tanh);
  }
  return sum;
}

// P(|sum| >= seen) for many sizes.
double SaddlepointP(std::span<const double> sizes, double seen) {
  const double root_mean = std::sqrt(
      std::inner_product(sizes.begin(), sizes.end(), sizes.begin(), 0.0) /
      static_cast<double>(sizes.size()));
  // Sums are two steps apart, for a change of sign moves one by twice its size.
  const double span = 2 * Step(sizes, root_mean);
  const double target = seen - span / 2;
  if (target <= 0) return 1;
  double low = 0;
  double high = 1 / root_mean;
  while (CumulantsAt(sizes, high).slope < target) {
    low = high;
    high *= 2;
    if (high * root_mean > 1e6) return 0;  // the caller has a least value
  }
  while (high - low > 1e-10 * high) {
    const double middle = (low + high) / 2;
    (CumulantsAt(sizes, middle).slope < target ? low : high) = middle;
  }
  const double t = (low + high) / 2;
  const Cumulants at = CumulantsAt(sizes, t);
  const double w = std::sqrt(std::max(0.0, 2 * (t * target - at.k)));
  const double width = span > 0 ? std::sinh(t * span / 2) * 2 / span : t;
  const double u = width * std::sqrt(at.curvature);
  double tail = UpperTail(w);
  // Both terms grow without bound towards the middle; their difference does
  // not matter there.
  if (w > 1e-2)
    tail += std::exp(-w * w / 2) / std::sqrt(2 * std::numbers::pi) *
            (1 / u - 1 / w);
  return std::clamp(2 * tail, 0.0, 1.0);
}

// Midranks of `values`, from 1 on.
std::vector<double> Midranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [values](std::size_t a, std::size_t b) {
    return values[a] < values[b];
  });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]])
      ++end;
    for (std::size_t i = begin; i < end; ++i)
      ranks[order[i]] = static_cast<double>(begin + end + 1) / 2;
    begin = end;
  }
  return ranks;
}

}  // namespace

double LeastSignFlipP(std::span<const double> differences) {
  const auto n = static_cast<double>(Sizes(differences).size());
  return n == 0 ? 1 : std::exp2(1 - n);
}

double SignFlipP(std::span<const double> differences) {
  const std::vector<double> sizes = Sizes(differences);
  if (sizes.empty()) return 1;
  const double seen =
      std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  if (sizes.size() <= kExact) return ExactP(sizes, seen);
  return std::max(LeastSignFlipP(differences), SaddlepointP(sizes, seen));
}

double SignedRankP(std::span<const double> differences) {
  std::vector<double> signs;
  for (const double d : differences)
    if (d != 0) signs.push_back(d > 0 ? 1 : -1);
  std::vector<double> ranks = Midranks(Sizes(differences));
  for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] *= signs[i];
  return SignFlipP(ranks);
}

double MannWhitneyP(std::span<const double> first,
                    std::span<const double> second) {
  if (first.empty() || second.empty()) return 1;
  std::vector<double> all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  const std::vector<double> ranks = Midranks(all);
  const auto n1 = static_cast<double>(first.size());
  const auto n2 = static_cast<double>(second.size());
  const double n = n1 + n2;
  double rank_sum = 0;
  for (std::size_t i = 0; i < first.size(); ++i) rank_sum += ranks[i];
  std::sort(all.begin(), all.end());
  double ties = 0;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end] == all[begin]) ++end;
    const auto equal = static_cast<double>(end - begin);
    ties += equal * equal * equal - equal;
  }
  const double variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
  if (!(variance > 0)) return 1;
  const double distance =
      std::abs(rank_sum - n1 * (n1 + 1) / 2 - n1 * n2 / 2) - 0.5;
  return std::min(1.0, 2 * UpperTail(distance / std::sqrt(variance)));
}

}  // namespace eyechart::reports
