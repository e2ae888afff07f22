#include "mining/store_join.h"

#include <string_view>
#include <unordered_map>

#include "core/error.h"

namespace eyechart::mining {
namespace {

using data::FeatureStore;
using data::StoreItem;
using RowOfId = std::unordered_map<std::string_view, std::int64_t>;

RowOfId IndexIds(const FeatureStore& store) {
  RowOfId rows;
  rows.reserve(store.items().size());
  for (std::size_t row = 0; row < store.items().size(); ++row)
    rows.emplace(store.items()[row].id, static_cast<std::int64_t>(row));
  return rows;
}

void RequireIds(const FeatureStore& store,
                const RowOfId& rows_of_other,
                const FeatureStore& other) {
  for (const StoreItem& item : store.items())
    EYECHART_REQUIRE(
        rows_of_other.contains(item.id),
        "the stores do not fit: picture \"{}\" of {} is not in {}; "
        "both must be made from the same images",
        item.id, store.folder().string(), other.folder().string());
}

}  // namespace

std::vector<std::int64_t> JoinStores(const FeatureStore& near_store,
                                     const FeatureStore& far_store) {
  const RowOfId far_rows = IndexIds(far_store);
  RequireIds(near_store, far_rows, far_store);
  if (near_store.count() != far_store.count())
    RequireIds(far_store, IndexIds(near_store), near_store);
  std::vector<std::int64_t> joined;
  joined.reserve(near_store.items().size());
  for (const StoreItem& item : near_store.items()) {
    joined.push_back(far_rows.at(item.id));
    const StoreItem& twin = far_store.items()[joined.back()];
    EYECHART_REQUIRE(item.sha256.empty() || twin.sha256.empty() ||
                         item.sha256 == twin.sha256,
                     "the stores do not fit: picture \"{}\" is another file in "
                     "{} (sha256 {}) than in {} (sha256 {})",
                     item.id, near_store.folder().string(), item.sha256,
                     far_store.folder().string(), twin.sha256);
  }
  return joined;
}

}  // namespace eyechart::mining
