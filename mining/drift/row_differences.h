// Two stores of the same pictures, value by value.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/feature_store.h"

namespace eyechart::mining {

/// Rows of the two stores that are the same picture.
struct RowPair {
  std::int64_t first = 0;
  std::int64_t second = 0;
};

/// An item whose values are not the same bits.
struct DifferentItem {
  std::string id;
  std::int64_t index = 0;  // of the value in the row, of its largest difference
  float first = 0;
  float second = 0;
};

/// The values of one tensor, `pooled` or `tokens`, as float32.
struct TensorDifferences {
  std::int64_t different_items = 0;  // not the same bits
  /// Largest |second - first|; infinite where one is not finite and the other
  /// is, or is another such value.
  double max_abs = 0;
  double reference_max_abs = 0;                  // largest finite |first|
  std::optional<DifferentItem> first_different;  // in the first store's order
  std::optional<DifferentItem> most_different;   // where max_abs is

  /// max_abs over reference_max_abs; 0 of 0 is 0.
  double Relative() const;
};

/// Cosines of a picture's two pooled rows. Rows that differ, one of them
/// without a direction (all zeros, or not finite), count as 0; rows of the same
/// bits without one are left out.
struct CosineSummary {
  std::int64_t items = 0;
  double min = std::numeric_limits<double>::quiet_NaN();
  double median = std::numeric_limits<double>::quiet_NaN();
  std::string least_id;  // of the least
};

struct RowDifferences {
  /// None where the widths are not the same: then they cannot be compared.
  std::optional<TensorDifferences> pooled;
  std::optional<CosineSummary> cosines;
  /// None where one has no tokens, or of another shape.
  std::optional<TensorDifferences> tokens;
};

RowDifferences CompareRows(const data::FeatureStore& first,
                           const data::FeatureStore& second,
                           std::span<const RowPair> rows);

}  // namespace eyechart::mining
