#include "probes/detection/evaluation/numpy_like.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

namespace eyechart::detection {
namespace {

// NumPy's pairwise sum: eight running sums up to 128 values, halves beyond.
double PairwiseSum(const double* values, std::size_t n) {
  constexpr std::size_t kSums = 8;
  constexpr std::size_t kBlock = 128;
  if (n < kSums) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += values[i];
    return sum;
  }
  if (n <= kBlock) {
    std::array<double, kSums> r;
    std::copy_n(values, kSums, r.begin());
    std::size_t i = kSums;
    for (; i < n - n % kSums; i += kSums)
      for (std::size_t k = 0; k < kSums; ++k) r[k] += values[i + k];
    double sum =
        ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; ++i) sum += values[i];
    return sum;
  }
  const std::size_t half = n / 2 - n / 2 % kSums;
  return PairwiseSum(values, half) + PairwiseSum(values + half, n - half);
}

}  // namespace

std::vector<double> Linspace(double start, double stop, int n) {
  std::vector<double> values;
  const double step = n > 1 ? (stop - start) / (n - 1) : 0;
  for (int i = 0; i < n; ++i) values.push_back(i * step + start);
  if (n > 1) values.back() = stop;
  return values;
}

double NumpyMean(std::span<const double> values) {
  // The reduction goes through a buffer of this many elements.
  constexpr std::size_t kBuffer = 8192;
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); i += kBuffer)
    sum += PairwiseSum(values.data() + i, std::min(kBuffer, values.size() - i));
  return sum / static_cast<double>(values.size());
}

}  // namespace eyechart::detection
