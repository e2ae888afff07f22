// A store made of given rows and a view of all of them.
#pragma once

#include <numeric>
#include <vector>

#include "mining/feature_rows.h"
#include "tests/mining/mining_fixture.h"

namespace eyechart::testing {

struct MadeRows {
  explicit MadeRows(const Rows& rows)
      : store(MakeStore(folder / "near", rows, MakeItems(rows.size()), 97)),
        norms(mining::RowNorms(store)),
        view(store, AllRows(), norms) {}

  std::vector<std::int64_t> AllRows() const {
    std::vector<std::int64_t> all(static_cast<std::size_t>(store.count()));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    return all;
  }

  TempFolder folder;
  data::FeatureStore store;
  std::vector<double> norms;
  mining::FeatureRows view;
};

}  // namespace eyechart::testing
