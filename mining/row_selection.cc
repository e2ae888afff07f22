#include "mining/row_selection.h"

#include <cmath>

#include "mining/duplicates.h"
#include "mining/store_join.h"

namespace eyechart::mining {

using data::FeatureStore;
using data::StoreItem;

RowSelection SelectRows(const FeatureStore& near_store,
                        const FeatureStore& far_store,
                        std::span<const double> near_norms,
                        std::span<const double> far_norms) {
  const std::vector<std::int64_t> joined = JoinStores(near_store, far_store);
  RowSelection selection;
  const auto note = [](std::string& first, const std::string& text) {
    if (first.empty()) first = text;
  };
  for (std::int64_t row = 0; row < near_store.count(); ++row) {
    const std::int64_t twin = joined[row];
    const StoreItem& near_item = near_store.items()[row];
    const StoreItem& far_item = far_store.items()[twin];
    if (!near_item.ok() || !far_item.ok()) {
      note(selection.first_unreadable,
           near_item.id + ": " +
               (near_item.ok() ? far_item.status : near_item.status));
      continue;
    }
    ++selection.readable;
    const double near = near_norms[row];
    const double far = far_norms[twin];
    if (!std::isfinite(near) || !std::isfinite(far)) {
      ++selection.not_finite;
      note(selection.first_not_finite, near_item.id);
    } else if (near == 0 || far == 0) {
      ++selection.zero;
      note(selection.first_zero, near_item.id);
    } else {
      selection.near_rows.push_back(row);
      selection.far_rows.push_back(twin);
    }
  }
  return selection;
}

std::int64_t DropCopies(const FeatureStore& near_store,
                        const FeatureRows& near_rows,
                        const FeatureRows& far_rows,
                        RowSelection& selection) {
  const std::vector<bool> copy = FindCopies(near_store, near_rows, far_rows);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < copy.size(); ++i) {
    if (copy[i]) continue;
    selection.near_rows[kept] = selection.near_rows[i];
    selection.far_rows[kept] = selection.far_rows[i];
    ++kept;
  }
  selection.near_rows.resize(kept);
  selection.far_rows.resize(kept);
  return static_cast<std::int64_t>(copy.size() - kept);
}

}  // namespace eyechart::mining
