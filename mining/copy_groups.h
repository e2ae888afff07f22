// Copies of a picture, grouped, so that none of them vanishes unreported.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/store_manifest.h"
#include "mining/findings.h"
#include "mining/picture_reader.h"

namespace eyechart::mining {

/// How a picture is a copy of its group's representative: the first that holds.
enum class CopyKind {
  kFile,      // the same file (sha256)
  kFeatures,  // features equal to the bit in both spaces
  kResized,   // the same picture, resized or compressed again (recompressed.h)
  kNear,      // both cosines above the bound, no more is known
  kChain,     // alike to another copy of the group, not to the representative
};
inline constexpr int kCopyKinds = 5;

/// "file", "features", "resized", "near", "chain".
std::string_view CopyKindName(CopyKind kind);

struct Copy {
  std::int64_t row = 0;
  CopyKind kind = CopyKind::kNear;
  /// To the representative; none where the pair was not among those given.
  std::optional<double> near_cosine;
  std::optional<double> far_cosine;
};

struct CopyGroup {
  std::int64_t representative = 0;  // its first row
  std::vector<Copy> copies;         // the others, by row
};

struct CopyGroups {
  std::vector<CopyGroup> groups;                    // by representative
  std::array<std::int64_t, kCopyKinds> count = {};  // of copies, by kind
  /// Copies that are near or chain because a picture could not be read: they
  /// may be resized. All such copies where there is no reader.
  std::int64_t not_compared = 0;
  std::string first_unread;  // "id: reason", or empty

  std::int64_t copies() const;
};

/// Groups `rows` of a store's `items`: two rows are in one group when they are
/// the same file, one of the `similar` pairs, or both in a group with a third.
/// So a chain (a like b, b like c, a not like c) is one group: every picture
/// is in one at most, and whoever keeps representatives only keeps one of each
/// run of a film. That such a copy is not like the representative itself is
/// said by its kind, so that it can be kept after all.
///
/// The rows of `similar` are among `rows`; an order they need not have. Of rows
/// that are equal to the bit it is enough that one is paired with others.
/// `read` tells resized copies from near ones: each picture of a group is read
/// once at most, two are held at a time. Without it none are told apart.
CopyGroups GroupCopies(const std::vector<data::StoreItem>& items,
                       std::span<const std::int64_t> rows,
                       std::span<const SimilarPair> similar,
                       const PictureReader& read = {});

}  // namespace eyechart::mining
