#include "mining/duplicates.h"

#include <cstring>
#include <functional>
#include <string_view>
#include <unordered_map>

namespace eyechart::mining {
namespace {

constexpr double kSameCosine = 1 - 1e-6;

// Rows of one space, two at a time.
class RowPair {
 public:
  explicit RowPair(const FeatureRows& rows)
      : rows_(rows),
        a_(static_cast<std::size_t>(rows.dim())),
        b_(static_cast<std::size_t>(rows.dim())) {}

  std::size_t Hash(std::int64_t i) {
    rows_.Read(i, a_.data());
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(a_.data()), a_.size() * sizeof(float)});
  }
  bool SameBits(std::int64_t i, std::int64_t j) {
    Load(i, j);
    return std::memcmp(a_.data(), b_.data(), a_.size() * sizeof(float)) == 0;
  }
  bool SameDirection(std::int64_t i, std::int64_t j) {
    Load(i, j);
    return ExactCosine(a_.data(), rows_.norm(i), b_.data(), rows_.norm(j),
                       rows_.dim()) >= kSameCosine;
  }

 private:
  void Load(std::int64_t i, std::int64_t j) {
    rows_.Read(i, a_.data());
    rows_.Read(j, b_.data());
  }

  const FeatureRows& rows_;
  std::vector<float> a_;
  std::vector<float> b_;
};

}  // namespace

std::vector<bool> FindCopies(const data::FeatureStore& near_store,
                             const FeatureRows& near_rows,
                             const FeatureRows& far_rows) {
  RowPair near_pair(near_rows);
  RowPair far_pair(far_rows);
  std::unordered_multimap<std::size_t, std::int64_t> by_bits;
  std::unordered_map<std::string_view, std::int64_t> by_digest;
  std::vector<bool> copy(static_cast<std::size_t>(near_rows.count()));
  for (std::int64_t i = 0; i < near_rows.count(); ++i) {
    const std::size_t hash = near_pair.Hash(i) * 31 + far_pair.Hash(i);
    const auto [begin, end] = by_bits.equal_range(hash);
    for (auto it = begin; it != end && !copy[i]; ++it)
      copy[i] =
          near_pair.SameBits(i, it->second) && far_pair.SameBits(i, it->second);
    // A row that others are equal to is needed once only.
    if (!copy[i]) by_bits.emplace(hash, i);
    const std::string& digest =
        near_store.items()[near_rows.store_row(i)].sha256;
    if (digest.empty()) continue;
    const auto [first, is_new] = by_digest.emplace(digest, i);
    if (!is_new && !copy[i])
      copy[i] = near_pair.SameDirection(i, first->second) &&
                far_pair.SameDirection(i, first->second);
  }
  return copy;
}

}  // namespace eyechart::mining
