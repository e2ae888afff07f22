// Copies of a picture, so that one of them stands for all.
#pragma once

#include <cstdint>
#include <vector>

#include "mining/feature_rows.h"

namespace eyechart::mining {

/// For each index of two views of the same pictures, whether it is a copy of
/// an earlier one. Copies are rows that are
///   - equal to the bit in both spaces, or
///   - the same file (sha256, where both rows have one) and equal in both
///     spaces up to the rounding that an encoder's batch size may cause
///     (cosines of at least 1 - 1e-6), compared with the digest's first row.
std::vector<bool> FindCopies(const data::FeatureStore& near_store,
                             const FeatureRows& near_rows,
                             const FeatureRows& far_rows);

}  // namespace eyechart::mining
