// Change points of a series of values: E-divisive (Matteson and James 2014,
// Journal of the American Statistical Association 109, 334-345), as continuous
// benchmarking uses it (Daly et al. 2020, ICPE).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::reports {

struct ChangePointOptions {
  /// Level of the permutation test of each step; one step stands for a whole
  /// series without a change, so that this is its rate of false alarms.
  double alpha = 0.01;
  /// Draws of the permutation test; the least p value is 1 / (draws + 1).
  int draws = 999;
  /// Draws at least as extreme after which a test stops, with p = this / draws
  /// made so far (Besag and Clifford 1991, Biometrika 78, 301-304): series
  /// without a change, the most of them, cost few draws.
  int most_extreme = 10;
  /// Values on each side of a change, at least 2: one slow run is no change.
  std::size_t min_segment = 3;
  /// Of the draws; the same values give the same answer.
  std::uint64_t seed = 1;
};

struct ChangePoint {
  std::size_t index = 0;  // of the first value after the change
  double before = 0;      // mean of the segment before it
  double after = 0;       // mean of the segment from it on
  double p = 1;           // of the step that found it

  double Difference() const { return after - before; }
  /// Difference / |before|; infinite where before is 0.
  double Relative() const;
};

struct ChangePoints {
  std::vector<ChangePoint> points;  // by index
  /// Of the best split of the whole; 1 where no Q is above 0.
  double first_p = 1;
};

/// The change points of `values`, which are finite and in order of time.
/// Hierarchical: the best split of any segment is tested by permuting the
/// values within all segments; the first that is not significant ends it.
/// O(draws n log n) a step. Throws std::logic_error for options or values that
/// make no sense.
ChangePoints FindChangePoints(std::span<const double> values,
                              const ChangePointOptions& options = {});

/// The energy statistic Q of every split of `values` into a first part of 0 ...
/// n values and the rest: m k / (m + k) times twice the mean |a - b| between
/// the parts, less the mean |a - a'| within each over its pairs. 0 where a part
/// has fewer than 2. By ranks and sums of ranks, O(n log n).
std::vector<double> SplitStatistics(std::span<const double> values);

}  // namespace eyechart::reports
