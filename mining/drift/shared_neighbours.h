// Whether pictures have the same neighbours in two stores, and what those
// neighbours say of their labels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/feature_store.h"
#include "mining/drift/row_differences.h"

namespace eyechart::mining {

/// Neighbours of a picture that are compared, and that vote.
inline constexpr std::size_t kNeighbours = 10;

/// Cosines this near are taken for one: which of two such neighbours comes
/// first says nothing.
inline constexpr double kCosineTie = 1e-6;

struct NeighbourOptions {
  /// Pictures whose neighbours are sought, among all of them; more are drawn
  /// from without replacement.
  std::int64_t sample = 1000;
  std::uint64_t seed = 1;  // of the draw
  int threads = 0;         // 0: one a hardware thread
};

/// A labelled picture asked of its neighbours in both stores.
struct NeighbourVote {
  bool first = false;  // right
  bool second = false;
};

struct SharedNeighbours {
  std::int64_t pictures = 0;  // that have a direction in both stores
  std::int64_t asked = 0;     // of the sample
  std::size_t k = 0;          // kNeighbours, or all others where fewer
  std::int64_t same_top1 = 0;
  std::int64_t same_set = 0;    // the k nearest, in any order
  std::string first_different;  // id, in the first store's order; or ""
  /// Of the asked pictures with a label, leave-one-out: the label with most
  /// votes among the k nearest, weighted by exp(cosine / 0.07) as DINOv2's k-NN
  /// (k = 20 there). Empty where the pictures have fewer than two labels.
  std::vector<NeighbourVote> votes;
};

/// Neighbours by cosine, in double, among the pictures of `rows`; those without
/// a direction (all zeros, or not finite) in either store take no part.
SharedNeighbours CompareNeighbours(const data::FeatureStore& first,
                                   const data::FeatureStore& second,
                                   std::span<const RowPair> rows,
                                   const NeighbourOptions& options = {});

}  // namespace eyechart::mining
