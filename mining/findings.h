// What a search has found: sums over verified pairs.
#pragma once

#include <cstdint>
#include <vector>

namespace eyechart::mining {

/// A pair of pictures with its cosines. What the indices count is said where a
/// pair is handed on.
struct BlindPair {
  std::int64_t row_a = 0;
  std::int64_t row_b = 0;
  double near_cosine = 0;
  double far_cosine = 0;
  double gap() const { return near_cosine - far_cosine; }
};

/// Two pictures that are alike in both spaces: both cosines lie above a bound.
/// Where both are 1, the features are equal to the bit.
struct SimilarPair {
  std::int64_t row_a = 0;
  std::int64_t row_b = 0;
  double near_cosine = 0;
  double far_cosine = 0;
};

/// Findings of parts of a search add up, in any order, to those of the whole.
/// Indices are those of FeatureRows.
struct Findings {
  Findings() = default;
  /// Nothing found yet among `rows` pictures, for a grid of `bins`.
  Findings(std::int64_t rows, std::size_t bins)
      : near_counts(static_cast<std::size_t>(rows)),
        blind_counts(static_cast<std::size_t>(rows)),
        grid(bins) {}

  std::int64_t near_pairs = 0;
  std::vector<BlindPair> blind;  // in no order; row_a came first
  /// Pairs above both bounds of copies: enough of them to connect all pictures
  /// that any chain of such pairs connects, fewer than pictures.
  /// Their cosines are not known yet.
  std::vector<SimilarPair> similar;
  /// How many near and blind pairs each picture is in.
  std::vector<std::int64_t> near_counts;
  std::vector<std::int64_t> blind_counts;
  /// Pairs by bin of a CosineGrid.
  std::vector<std::int64_t> grid;

  void Add(const Findings& other);
};

}  // namespace eyechart::mining
