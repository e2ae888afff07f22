#include "probes/detection/highest_scores.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

namespace eyechart::detection {
namespace {

constexpr float kInfiniteScore = std::numeric_limits<float>::infinity();

// The least float32 that is not below `bound`: operators compare float32 with
// float32, the loop below in double.
float FloatAtLeast(double bound) {
  const auto rounded = static_cast<float>(bound);
  return static_cast<double>(rounded) < bound
             ? std::nextafter(rounded, kInfiniteScore)
             : rounded;
}

}  // namespace

at::Tensor internal::HighestBySorting(const at::Tensor& scores,
                                      double least,
                                      std::int64_t most) {
  const at::Tensor enough = scores.ge(FloatAtLeast(least));
  const at::Tensor order =
      std::get<1>(scores.masked_fill(enough.logical_not(), -kInfiniteScore)
                      .sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  const auto count = std::min(most, enough.sum().item<std::int64_t>());
  return order.narrow(0, 0, count).cpu();
}

at::Tensor HighestScores(const at::Tensor& scores,
                         double least,
                         std::int64_t most) {
  if (!scores.is_cpu()) return internal::HighestBySorting(scores, least, most);
  const float* values = scores.const_data_ptr<float>();
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < scores.numel(); ++i)
    if (static_cast<double>(values[i]) >= least) kept.push_back(i);
  const auto before = [values](std::int64_t a, std::int64_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  };
  if (static_cast<std::int64_t>(kept.size()) > most) {
    std::nth_element(kept.begin(), kept.begin() + most, kept.end(), before);
    kept.resize(static_cast<std::size_t>(most));
  }
  std::sort(kept.begin(), kept.end(), before);
  return at::tensor(kept, at::kLong);
}

}  // namespace eyechart::detection
