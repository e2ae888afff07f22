#include "encoders/rms_norm.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <vector>

#include "core/error.h"

// The build is for any x86-64; the loops below are compiled for newer
// processors too, and the best is taken when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define EYECHART_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EYECHART_CLONES
#endif

namespace eyechart::encoders {
namespace {

// Sums run side by side, so that the loop is not bound by one addition's
// latency.
constexpr std::int64_t kNormLanes = 32;

EYECHART_CLONES
float SumOfSquares(const float* x, std::int64_t count) {
  std::array<float, kNormLanes> sums{};
  std::int64_t i = 0;
  for (; i + kNormLanes <= count; i += kNormLanes)
    for (std::int64_t lane = 0; lane < kNormLanes; ++lane)
      sums[static_cast<std::size_t>(lane)] += x[i + lane] * x[i + lane];
  for (; i < count; ++i) sums[0] += x[i] * x[i];
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

EYECHART_CLONES
void Scale(const float* x,
           const float* weight,
           float factor,
           std::int64_t count,
           float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = x[i] * factor * weight[i];
}

float Factor(const float* x, std::int64_t count, double epsilon) {
  const double mean =
      static_cast<double>(SumOfSquares(x, count)) / static_cast<double>(count);
  return static_cast<float>(1 / std::sqrt(mean + epsilon));
}

template <typename T>
void NormRows(const T* x,
              const float* weight,
              double epsilon,
              std::int64_t begin,
              std::int64_t end,
              std::int64_t count,
              T* out) {
  if constexpr (std::is_same_v<T, float>) {
    for (std::int64_t row = begin; row < end; ++row)
      Scale(x + row * count, weight, Factor(x + row * count, count, epsilon),
            count, out + row * count);
  } else {
    std::vector<float> wide(static_cast<std::size_t>(count));
    for (std::int64_t row = begin; row < end; ++row) {
      std::copy(x + row * count, x + (row + 1) * count, wide.begin());
      Scale(wide.data(), weight, Factor(wide.data(), count, epsilon), count,
            wide.data());
      std::copy(wide.begin(), wide.end(), out + row * count);
    }
  }
}

}  // namespace

at::Tensor RmsNormCpu(const at::Tensor& x,
                      const at::Tensor& weight,
                      double epsilon) {
  const std::int64_t count = x.size(-1);
  EYECHART_CHECK(weight.numel() == count && weight.is_contiguous() &&
                     weight.scalar_type() == c10::kFloat,
                 "weight of an RMS norm");
  const at::Tensor in = x.contiguous();
  const at::Tensor out = at::empty(in.sizes(), in.options());
  const std::int64_t rows = count == 0 ? 0 : in.numel() / count;
  const auto* scale = weight.const_data_ptr<float>();
  AT_DISPATCH_FLOATING_TYPES_AND2(
      c10::kHalf, c10::kBFloat16, in.scalar_type(), "RmsNormCpu", [&] {
        if constexpr (!std::is_same_v<scalar_t, double>) {
          const auto* from = in.const_data_ptr<scalar_t>();
          auto* to = out.mutable_data_ptr<scalar_t>();
          at::parallel_for(
              0, rows, 8, [&](std::int64_t begin, std::int64_t end) {
                NormRows(from, scale, epsilon, begin, end, count, to);
              });
        } else {
          EYECHART_CHECK(false, "no double in encoders");
        }
      });
  return out;
}

}  // namespace eyechart::encoders
