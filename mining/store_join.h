// Two stores of the same pictures: which row of one is which of the other.
#pragma once

#include <cstdint>
#include <vector>

#include "data/feature_store.h"

namespace eyechart::mining {

/// For every row of `near_store` the row of `far_store` with the same id.
/// Throws InputError, naming both folders and the first id, where an id is in
/// one store only or the picture's sha256 differs (both being given).
std::vector<std::int64_t> JoinStores(const data::FeatureStore& near_store,
                                     const data::FeatureStore& far_store);

}  // namespace eyechart::mining
