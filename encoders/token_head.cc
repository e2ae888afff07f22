#include "encoders/token_head.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "encoders/packed_kernels.h"

namespace eyechart::encoders {
namespace {

constexpr std::int64_t kHeadLanes = 32;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows a task: some 100 KiB of 8-bit rows.
constexpr std::int64_t kRows = 128;

// The bound must hold for sums in float32: of C products each off by at most
// one unit in the last place, relative to the sum of their magnitudes.
constexpr float kSumError = 1e-4F;

}  // namespace

bool TokenHead::Serves(const Placement& placement) {
  return placement.device.is_cpu() && placement.dtype == c10::kFloat &&
         internal::HasTileKernels();
}

TokenHead::TokenHead(const at::Tensor& weight)
    : weight_(weight.contiguous()),
      stride_((weight.size(1) + kHeadLanes - 1) / kHeadLanes * kHeadLanes) {
  const std::int64_t count = weight_.size(0);
  const std::int64_t width = weight_.size(1);
  q_.assign(static_cast<std::size_t>(count * stride_), 0);
  scale_.resize(static_cast<std::size_t>(count));
  rest_.resize(static_cast<std::size_t>(count));
  const float* all = weight_.const_data_ptr<float>();
  at::parallel_for(0, count, kRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* row = all + r * width;
      float most = 0;
      for (std::int64_t i = 0; i < width; ++i)
        most = std::max(most, std::abs(row[i]));
      const float scale = most > 0 ? most / 127 : 1;
      std::int8_t* q = q_.data() + r * stride_;
      double rest = 0;
      for (std::int64_t i = 0; i < width; ++i) {
        q[i] = static_cast<std::int8_t>(std::lround(row[i] / scale));
        const double left = double{row[i]} - double{scale} * q[i];
        rest += left * left;
      }
      const auto k = static_cast<std::size_t>(r);
      scale_[k] = scale;
      rest_[k] = static_cast<float>(std::sqrt(rest) * 1.0001);
    }
  });
}

std::vector<std::int64_t> TokenHead::Best(
    const at::Tensor& hidden,
    const std::vector<std::vector<std::int64_t>>& banned) const {
  const std::int64_t rows = hidden.size(0);
  const std::int64_t width = weight_.size(1);
  const std::int64_t count = weight_.size(0);
  EYECHART_CHECK(hidden.size(1) == width && hidden.is_contiguous(), "rows");
  std::vector<float> padded(static_cast<std::size_t>(rows * stride_), 0);
  std::vector<float> lengths, roundings;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* x = hidden.const_data_ptr<float>() + r * width;
    std::copy_n(x, width, padded.begin() + r * stride_);
    double square = 0, magnitude = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      square += double{x[i]} * x[i];
      magnitude += std::abs(x[i]);
    }
    lengths.push_back(static_cast<float>(std::sqrt(square) * 1.0001));
    // Of a sum of C terms q x, |q| at most 127.
    roundings.push_back(static_cast<float>(magnitude * 127) * kSumError);
  }
  Bounds bounds;
  bounds.logits.resize(static_cast<std::size_t>(rows * count));
  bounds.errors.resize(bounds.logits.size());
  at::parallel_for(0, count, kRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int8_t* q = q_.data() + k * stride_;
      const float scale = scale_[static_cast<std::size_t>(k)];
      const float rest = rest_[static_cast<std::size_t>(k)];
      for (std::int64_t r = 0; r < rows; ++r) {
        const auto at = static_cast<std::size_t>(r * count + k);
        const auto row = static_cast<std::size_t>(r);
        bounds.logits[at] =
            scale * internal::DotInt8(q, padded.data() + r * stride_, stride_);
        bounds.errors[at] = rest * lengths[row] + scale * roundings[row];
      }
    }
  });
  candidates_ = 0;
  std::vector<std::int64_t> best;
  for (std::int64_t r = 0; r < rows; ++r)
    best.push_back(BestOf(hidden.const_data_ptr<float>() + r * width,
                          banned[static_cast<std::size_t>(r)],
                          bounds.logits.data() + r * count,
                          bounds.errors.data() + r * count));
  return best;
}

std::int64_t TokenHead::BestOf(const float* hidden,
                               const std::vector<std::int64_t>& banned,
                               float* logits,
                               const float* errors) const {
  const std::int64_t count = weight_.size(0);
  const std::int64_t width = weight_.size(1);
  for (const std::int64_t token : banned)
    if (token >= 0 && token < count) logits[token] = -kInfinity;
  float floor = -kInfinity;
  for (std::int64_t k = 0; k < count; ++k)
    floor = std::max(floor, logits[k] - errors[k]);
  std::int64_t best = -1;
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; k < count; ++k) {
    // Not a number passes neither test: it is no candidate.
    if (!(logits[k] + errors[k] >= floor) || logits[k] == -kInfinity) continue;
    ++candidates_;
    const float* row = weight_.const_data_ptr<float>() + k * width;
    double sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += double{row[i]} * hidden[i];
    if (sum > largest) {
      largest = sum;
      best = k;
    }
  }
  return best;
}

}  // namespace eyechart::encoders
