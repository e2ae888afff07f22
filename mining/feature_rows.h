// The rows of one store that take part in mining, under indices of their own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/feature_store.h"

namespace eyechart::mining {

/// Euclidean length of every row of a store, in double: 0 for a row of zeros,
/// not finite where a feature is not.
std::vector<double> RowNorms(const data::FeatureStore& store);

/// A view of some rows of a store; index i runs from 0 to count(). The store
/// must outlive it. Nothing is copied until it is read.
class FeatureRows {
 public:
  /// `rows[i]` is the store's row of index i; `norms` is RowNorms(store). Every
  /// row named must have a finite length above 0.
  FeatureRows(const data::FeatureStore& store,
              std::vector<std::int64_t> rows,
              std::span<const double> norms);

  std::int64_t count() const { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t dim() const { return store_->dim(); }
  std::int64_t store_row(std::int64_t i) const { return rows_[i]; }
  double norm(std::int64_t i) const { return norms_[i]; }

  /// Rows can be read where they lie, by InPlace (the shards hold float32).
  bool in_place() const { return in_place_; }
  const float* InPlace(std::int64_t i) const {
    return store_->PooledRow(rows_[i]);
  }
  /// Copies one row to `out` (dim).
  void Read(std::int64_t i, float* out) const;
  /// Copies one row, scaled to length 1, to `out` (dim).
  void ReadUnit(std::int64_t i, float* out) const;

  /// Copies rows [begin, begin + n), each scaled to length 1, to `out`
  /// (n x dim, row-major); uses ATen's threads.
  void ReadNormalised(std::int64_t begin, std::int64_t n, float* out) const;

 private:
  const data::FeatureStore* store_;
  std::vector<std::int64_t> rows_;
  std::vector<double> norms_;
  bool in_place_ = false;
};

/// Cosine of two rows from their own float32 values: the dot product of
/// DotExact over the two lengths, clipped to [-1, 1]. This is the number that
/// decides and that is printed, whatever engine proposed the pair.
double ExactCosine(const float* a,
                   double norm_a,
                   const float* b,
                   double norm_b,
                   std::int64_t dim);

}  // namespace eyechart::mining
