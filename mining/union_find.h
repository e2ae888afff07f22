// Which things are connected, as connections come in.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace eyechart::mining {

/// Disjoint sets of 0..count-1 by union by size with path halving (Tarjan and
/// van Leeuwen 1984).
class UnionFind {
 public:
  explicit UnionFind(std::int64_t count)
      : parent_(static_cast<std::size_t>(count)), size_(parent_.size(), 1) {
    std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
  }

  std::int64_t Find(std::int64_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  /// Connects two; false when they were connected already.
  bool Union(std::int64_t a, std::int64_t b) {
    a = Find(a);
    b = Find(b);
    if (a == b) return false;
    if (size_[a] < size_[b]) std::swap(a, b);
    parent_[b] = a;
    size_[a] += size_[b];
    return true;
  }

 private:
  std::vector<std::int64_t> parent_;
  std::vector<std::int64_t> size_;
};

}  // namespace eyechart::mining
