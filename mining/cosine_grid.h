// Counting pairs by their cosines in both spaces, every decision exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace eyechart::mining {

/// A grid of thresholds: a pair's bin says for each of them on which side its
/// cosine lies, so that counts for any combination of thresholds are sums over
/// bins. Both lists are ascending, without repetition and not empty.
struct CosineGrid {
  /// A pair is in near bin b when its near cosine lies strictly above exactly
  /// the first b edges; bin 0 is not counted.
  std::vector<double> near_edges;
  /// It is in far bin b when its far cosine is not below the first b edges and
  /// strictly below all others.
  std::vector<double> far_edges;

  std::size_t near_bins() const { return near_edges.size(); }
  std::size_t far_bins() const { return far_edges.size() + 1; }
  std::size_t bins() const { return near_bins() * far_bins(); }
  /// Place of a bin in an array of bins(); `near` from 1 on.
  std::size_t Place(std::size_t near, std::size_t far) const {
    return (near - 1) * far_bins() + far;
  }

  /// Pairs with near cosine > near_edges[near] and, where `far` is given, far
  /// cosine < far_edges[far]; `counts` has bins() values.
  std::int64_t CountAbove(const std::vector<std::int64_t>& counts,
                          std::size_t near) const;
  std::int64_t CountBlind(const std::vector<std::int64_t>& counts,
                          std::size_t near,
                          std::size_t far) const;

  /// The place of an edge; the value must be one.
  static std::size_t EdgeOf(const std::vector<double>& edges, double value);
};

/// Counts for all combinations of two lists of thresholds.
struct CountSurface {
  std::vector<double> near_min;     // cosines, ascending
  std::vector<double> far_max;      // cosines, ascending
  std::vector<std::int64_t> near;   // pairs above each near_min
  std::vector<std::int64_t> blind;  // (near_min, far_max), row-major
};

/// The grid that answers for lists of thresholds, not empty, and a histogram in
/// steps of 0.01 near and 0.02 far. No pair at or below the least near
/// threshold is counted.
CosineGrid MakeGrid(std::vector<double> near, std::vector<double> far);

/// The counts of `surface_near` x `surface_far`, all of them edges of the grid.
CountSurface MakeSurface(const CosineGrid& grid,
                         const std::vector<std::int64_t>& counts,
                         std::vector<double> surface_near,
                         std::vector<double> surface_far);

}  // namespace eyechart::mining
