#include "probes/heads/cosine_bank.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <array>
#include <cmath>

#include "encoders/placement.h"

namespace eyechart::probes {
namespace {

// Several sums side by side, or each addition would wait for the last.
__attribute__((target_clones("default", "avx2,fma"))) double Dot(
    const float* a, const float* b, std::int64_t d) {
  constexpr std::int64_t kSums = 8;
  std::array<double, kSums> sums = {};
  std::int64_t i = 0;
  for (; i + kSums <= d; i += kSums)
    for (std::int64_t k = 0; k < kSums; ++k)
      sums[static_cast<std::size_t>(k)] +=
          static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  double sum = 0;
  for (; i < d; ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const double one : sums) sum += one;
  return sum;
}

}  // namespace

at::Tensor RowNormsOf(const at::Tensor& rows) {
  const std::int64_t d = rows.size(1);
  at::Tensor norms = at::empty({rows.size(0)}, at::kDouble);
  const auto* data = rows.const_data_ptr<float>();
  auto* out = norms.mutable_data_ptr<double>();
  at::parallel_for(0, rows.size(0), 64,
                   [&](std::int64_t low, std::int64_t high) {
                     for (std::int64_t i = low; i < high; ++i) {
                       const double square = Dot(data + i * d, data + i * d, d);
                       out[i] = square > 0 ? std::sqrt(square) : 1;
                     }
                   });
  return norms;
}

at::Tensor DividedBy(const at::Tensor& rows, const at::Tensor& norms) {
  const at::Tensor scales = norms.reciprocal().to(at::kFloat);
  return rows * scales.unsqueeze(1);
}

CosineBank::CosineBank(const at::Tensor& rows, bool packed)
    : rows_(rows.to(at::kFloat).contiguous()), norms_(RowNormsOf(rows_)) {
  if (!packed) return;
  const encoders::Placement placement =
      encoders::MakePlacement(at::kFloat, at::kCPU);
  for (std::int64_t first = 0; first < rows_.size(0); first += kRows) {
    const std::int64_t n = std::min(kRows, rows_.size(0) - first);
    parts_.emplace_back(
        DividedBy(rows_.narrow(0, first, n), norms_.narrow(0, first, n)),
        at::Tensor(), placement);
  }
}

void CosineBank::Prefetch(std::int64_t row) const {
  constexpr std::int64_t kLine = 16;  // floats
  const std::int64_t d = rows_.size(1);
  const float* data = rows_.const_data_ptr<float>() + row * d;
  for (std::int64_t i = 0; i < d; i += kLine) __builtin_prefetch(data + i);
}

double CosineBank::Cosine(const float* query,
                          double norm,
                          std::int64_t row) const {
  const std::int64_t d = rows_.size(1);
  return Dot(query, rows_.const_data_ptr<float>() + row * d, d) /
         (norm * norms_.const_data_ptr<double>()[row]);
}

}  // namespace eyechart::probes
