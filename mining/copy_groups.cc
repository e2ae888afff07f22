#include "mining/copy_groups.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "mining/disjoint_sets.h"
#include "mining/recompressed.h"

namespace eyechart::mining {
namespace {

using data::StoreItem;

constexpr std::array<std::string_view, kCopyKinds> kKindNames = {
    "file", "features", "resized", "near", "chain"};

bool SameFeatures(const SimilarPair& pair) {
  return pair.near_cosine >= 1 && pair.far_cosine >= 1;
}

// The cosines of rows to their group's representative. Rows of equal features
// share them: only one of such may have been compared with others.
class KnownCosines {
 public:
  KnownCosines(std::size_t rows,
               std::span<const SimilarPair> similar,
               DisjointSets& groups)
      : equal_(rows) {
    for (const SimilarPair& pair : similar)
      if (SameFeatures(pair)) equal_.Join(pair.row_a, pair.row_b);
    for (const SimilarPair& pair : similar) {
      const std::int64_t first = equal_.Least(groups.Least(pair.row_a));
      const std::int64_t a = equal_.Least(pair.row_a);
      const std::int64_t b = equal_.Least(pair.row_b);
      if (a == first) pair_of_.emplace(b, &pair);
      if (b == first) pair_of_.emplace(a, &pair);
    }
  }

  bool Equal(std::int64_t i, std::int64_t j) {
    return equal_.Least(i) == equal_.Least(j);
  }
  // Of a row that is not equal to the representative; null: not known.
  const SimilarPair* Find(std::int64_t row) {
    const auto found = pair_of_.find(equal_.Least(row));
    return found == pair_of_.end() ? nullptr : found->second;
  }

 private:
  DisjointSets equal_;
  std::unordered_map<std::int64_t, const SimilarPair*> pair_of_;
};

// Compares pictures with a group's representative, which is read when the first
// copy has to be compared.
class PictureComparison {
 public:
  PictureComparison(const std::vector<StoreItem>& items,
                    const PictureReader& read,
                    std::int64_t representative,
                    CopyGroups& result)
      : items_(items),
        read_(read),
        representative_(representative),
        result_(result) {}

  // None where one of the two cannot be read.
  std::optional<bool> IsSame(std::int64_t row) {
    if (!read_) return std::nullopt;
    if (!tried_) first_ = Read(representative_);
    tried_ = true;
    if (!first_) return std::nullopt;
    const std::optional<SmallPicture> other = Read(row);
    if (!other) return std::nullopt;
    return IsSamePicture(*first_, *other);
  }

 private:
  std::optional<SmallPicture> Read(std::int64_t row) {
    try {
      return ReduceToSmall(read_(row));
    } catch (const InputError& error) {
      if (result_.first_unread.empty())
        result_.first_unread = items_[row].id + ": " + error.what();
      return std::nullopt;
    }
  }

  const std::vector<StoreItem>& items_;
  const PictureReader& read_;
  std::int64_t representative_;
  CopyGroups& result_;
  bool tried_ = false;
  std::optional<SmallPicture> first_;
};

Copy DescribeGroup(std::int64_t row,
                   std::int64_t representative,
                   const std::vector<StoreItem>& items,
                   KnownCosines& known,
                   PictureComparison& pictures,
                   std::int64_t& not_compared) {
  Copy copy;
  copy.row = row;
  const bool equal = known.Equal(row, representative);
  const SimilarPair* pair = equal ? nullptr : known.Find(row);
  if (equal) {
    copy.near_cosine = copy.far_cosine = 1;
  } else if (pair != nullptr) {
    copy.near_cosine = pair->near_cosine;
    copy.far_cosine = pair->far_cosine;
  }
  const std::string& digest = items[row].sha256;
  if (!digest.empty() && digest == items[representative].sha256) {
    copy.kind = CopyKind::kFile;
    return copy;
  }
  if (equal) {
    copy.kind = CopyKind::kFeatures;
    return copy;
  }
  const std::optional<bool> same = pictures.IsSame(row);
  if (!same) ++not_compared;
  copy.kind = same.value_or(false) ? CopyKind::kResized
              : pair != nullptr    ? CopyKind::kNear
                                   : CopyKind::kChain;
  return copy;
}

}  // namespace

std::string_view CopyKindName(CopyKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::int64_t CopyGroups::copies() const {
  return std::accumulate(count.begin(), count.end(), std::int64_t{0});
}

CopyGroups GroupCopies(const std::vector<StoreItem>& items,
                       std::span<const std::int64_t> rows,
                       std::span<const SimilarPair> similar,
                       const PictureReader& read) {
  DisjointSets sets(items.size());
  std::unordered_map<std::string_view, std::int64_t> row_of_digest;
  for (const std::int64_t row : rows) {
    const std::string& digest = items[row].sha256;
    if (digest.empty()) continue;
    const auto [first, is_new] = row_of_digest.emplace(digest, row);
    if (!is_new) sets.Join(first->second, row);
  }
  for (const SimilarPair& pair : similar) sets.Join(pair.row_a, pair.row_b);

  std::vector<std::int64_t> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end());
  CopyGroups result;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> members;
  std::vector<std::int64_t> representatives;
  for (const std::int64_t row : sorted) {
    const std::int64_t least = sets.Least(row);
    if (least == row) continue;
    if (members[least].empty()) representatives.push_back(least);
    members[least].push_back(row);
  }
  std::sort(representatives.begin(), representatives.end());

  KnownCosines known(items.size(), similar, sets);
  for (const std::int64_t representative : representatives) {
    PictureComparison pictures(items, read, representative, result);
    CopyGroup group;
    group.representative = representative;
    for (const std::int64_t row : members[representative]) {
      group.copies.push_back(DescribeGroup(row, representative, items, known,
                                           pictures, result.not_compared));
      ++result.count[static_cast<std::size_t>(group.copies.back().kind)];
    }
    result.groups.push_back(std::move(group));
  }
  return result;
}

}  // namespace eyechart::mining
