// Scores of several seeds: their spread as text, and two encoders paired by
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/statistics.h"

namespace eyechart::reports {

/// A score by seed.
using SeedScores = std::map<std::uint64_t, double>;

/// The mean of one less another over the seeds that both have.
struct SeedDifference {
  double mean = 0;
  std::optional<Interval> ci;  // Student's t, two seeds or more
};

/// None without a seed in common.
std::optional<SeedDifference> DifferenceOfSeeds(const SeedScores& scores,
                                                const SeedScores& other);

/// HTML: their mean, number, least and greatest, each as `text` has it; a dash
/// for fewer than two.
std::string SeedsHtml(const SeedScores& scores,
                      const std::function<std::string(double)>& text);

}  // namespace eyechart::reports
