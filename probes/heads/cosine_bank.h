// Rows that cosines are taken with: many in float32, any one in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "encoders/linear.h"

namespace eyechart::probes {

/// Norms (n) float64 of rows (n, d) float32, 1 in place of 0.
at::Tensor RowNormsOf(const at::Tensor& rows);

/// Rows divided by their norms, float32.
at::Tensor DividedBy(const at::Tensor& rows, const at::Tensor& norms);

/// Rows (n, d): normed, rounded and packed for products a part at a time, and
/// as they are for a decision. Const calls may come from several threads.
class CosineBank {
 public:
  /// A tile of cosines, 1 MiB, stays in cache while its best are picked out.
  static constexpr std::int64_t kQueries = 128;
  static constexpr std::int64_t kRows = 2048;

  /// Without `packed` only Cosine and what it needs are there.
  explicit CosineBank(const at::Tensor& rows, bool packed = true);

  std::int64_t size() const { return rows_.size(0); }
  const at::Tensor& rows() const { return rows_; }
  const at::Tensor& norms() const { return norms_; }

  /// Two cosines of unit rows of d values in float32, each off by at most
  /// (d + 5) 2^-24: Higham 2002, (3.5), with the rounding of the rows and of
  /// their scales.
  double CosineError() const {
    return static_cast<double>(rows_.size(1) + 5) * 0x1p-24;
  }

  /// Calls f(cosines, first row, rows) with float32 cosines (m, rows) of normed
  /// `queries` (m, d), part by part; m is at most kQueries, and `memory` holds
  /// kQueries x kRows floats.
  template <typename F>
  void ForCosines(const at::Tensor& queries,
                  const at::Tensor& memory,
                  const F& f) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::int64_t first = static_cast<std::int64_t>(i) * kRows;
      const std::int64_t n = std::min(kRows, size() - first);
      const at::Tensor tile =
          memory.narrow(0, 0, queries.size(0) * n).view({-1, n});
      parts_[i].ForwardTo(queries, tile);
      f(tile.const_data_ptr<float>(), first, n);
    }
  }

  /// Asks for memory that is read next: rows of a large bank lie anywhere.
  void Prefetch(std::int64_t row) const;

  /// The cosine of `row` and `query` (d), which has `norm`, in float64.
  double Cosine(const float* query, double norm, std::int64_t row) const;

 private:
  at::Tensor rows_;   // (n, d) float32
  at::Tensor norms_;  // (n) float64
  std::vector<encoders::Linear> parts_;
};

}  // namespace eyechart::probes
