// Which elements belong together, told pair by pair.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace eyechart::mining {

/// Sets over 0 ... n - 1, each known by its least element. Linking towards the
/// least one is not by rank; path halving alone keeps a lookup at O(log n)
/// amortised (Tarjan and van Leeuwen 1984).
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t n) : parent_(n) {
    std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
  }

  /// The least element of the set that `i` is in.
  std::int64_t Least(std::int64_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  /// False where they were together already.
  bool Join(std::int64_t i, std::int64_t j) {
    i = Least(i);
    j = Least(j);
    if (i == j) return false;
    if (i > j) std::swap(i, j);
    parent_[j] = i;
    return true;
  }

 private:
  std::vector<std::int64_t> parent_;
};

}  // namespace eyechart::mining
