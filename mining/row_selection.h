// Which pictures of two stores can be compared.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/feature_store.h"
#include "mining/feature_rows.h"

namespace eyechart::mining {

/// Rows of two joined stores, index i of both being one picture, and what was
/// left out.
struct RowSelection {
  std::int64_t readable = 0;
  std::int64_t not_finite = 0;
  std::int64_t zero = 0;
  std::string first_unreadable;  // "id: reason", or empty
  std::string first_not_finite;  // id, or empty
  std::string first_zero;
  std::vector<std::int64_t> near_rows;  // that can be compared
  std::vector<std::int64_t> far_rows;
};

/// Rows that are readable and have a direction in both stores; `near_norms` and
/// `far_norms` are RowNorms of them. Throws InputError where the stores do not
/// fit (store_join.h).
RowSelection SelectRows(const data::FeatureStore& near_store,
                        const data::FeatureStore& far_store,
                        std::span<const double> near_norms,
                        std::span<const double> far_norms);

/// Leaves one row of each group of copies (duplicates.h); how many went.
/// `near_rows` and `far_rows` are views of the selection as it is.
std::int64_t DropCopies(const data::FeatureStore& near_store,
                        const FeatureRows& near_rows,
                        const FeatureRows& far_rows,
                        RowSelection& selection);

}  // namespace eyechart::mining
