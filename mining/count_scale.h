// Counts over many decades as a few steps of strength.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace eyechart::mining {

/// Steps of a factor of 10, or of about 3 (1, 3, 10, 30, ...) where the counts
/// reach less than 10^5.
class CountScale {
 public:
  explicit CountScale(const std::vector<double>& counts);

  /// None where no count is above 0.
  int levels() const { return static_cast<int>(from_.size()); }
  /// The level that a count is in; -1 for none (0 and below, and NaN).
  /// Estimates below one pair are in the lowest.
  int LevelOf(double count) const;
  /// From nearly nothing to 1 at the highest level.
  double Opacity(int level) const;
  /// The least count of a level: "1", "3", "1,000", "10⁶".
  std::string Name(int level) const;

 private:
  std::vector<double> from_;
  bool fine_ = false;
};

}  // namespace eyechart::mining
