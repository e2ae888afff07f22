#include "mining/feature_rows.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "mining/kernels.h"

#ifndef _OPENMP
#error "at::parallel_for is serial in a file compiled without OpenMP"
#endif

namespace eyechart::mining {

std::vector<double> RowNorms(const data::FeatureStore& store) {
  const std::int64_t dim = store.dim();
  std::vector<double> norms(static_cast<std::size_t>(store.count()));
  at::parallel_for(0, store.count(), 256,
                   [&](std::int64_t begin, std::int64_t end) {
                     std::vector<float> copy(static_cast<std::size_t>(dim));
                     for (std::int64_t row = begin; row < end; ++row) {
                       const float* values = store.PooledRow(row);
                       if (values == nullptr) {
                         store.ReadPooled(row, 1, copy.data());
                         values = copy.data();
                       }
                       norms[row] = std::sqrt(DotExact(values, values, dim));
                     }
                   });
  return norms;
}

FeatureRows::FeatureRows(const data::FeatureStore& store,
                         std::vector<std::int64_t> rows,
                         std::span<const double> norms)
    : store_(&store), rows_(std::move(rows)) {
  norms_.reserve(rows_.size());
  for (const std::int64_t row : rows_) {
    EYECHART_CHECK(std::isfinite(norms[row]) && norms[row] > 0,
                   "row {} has length {}", row, norms[row]);
    norms_.push_back(norms[row]);
  }
  in_place_ = std::all_of(rows_.begin(), rows_.end(), [&](std::int64_t row) {
    return store.PooledRow(row) != nullptr;
  });
}

void FeatureRows::Read(std::int64_t i, float* out) const {
  store_->ReadPooled(rows_[i], 1, out);
}

void FeatureRows::ReadUnit(std::int64_t i, float* out) const {
  const float* source = InPlace(i);
  if (source == nullptr) {
    Read(i, out);
    source = out;
  }
  Scale(source, 1 / norms_[i], dim(), out);
}

void FeatureRows::ReadNormalised(std::int64_t begin,
                                 std::int64_t n,
                                 float* out) const {
  at::parallel_for(0, n, 64, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i)
      ReadUnit(begin + i, out + i * dim());
  });
}

double ExactCosine(const float* a,
                   double norm_a,
                   const float* b,
                   double norm_b,
                   std::int64_t dim) {
  return std::clamp(DotExact(a, b, dim) / (norm_a * norm_b), -1.0, 1.0);
}

}  // namespace eyechart::mining
