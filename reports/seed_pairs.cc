#include "reports/seed_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/student.h"

namespace eyechart::reports {

std::optional<SeedDifference> DifferenceOfSeeds(const SeedScores& scores,
                                                const SeedScores& other) {
  std::vector<double> differences;
  double sum = 0;
  for (const auto& [seed, score] : scores) {
    const auto found = other.find(seed);
    if (found == other.end()) continue;
    differences.push_back(score - found->second);
    sum += differences.back();
  }
  if (differences.empty()) return std::nullopt;
  SeedDifference made;
  made.mean = sum / static_cast<double>(differences.size());
  if (differences.size() > 1) made.ci = StudentInterval(differences);
  return made;
}

std::string SeedsHtml(const SeedScores& scores,
                      const std::function<std::string(double)>& text) {
  if (scores.size() < 2) return "\u2014";
  double mean = 0;
  for (const auto& [seed, score] : scores) mean += score;
  mean /= static_cast<double>(scores.size());
  const auto [least, most] = std::minmax_element(
      scores.begin(), scores.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  return fmt::format("{}<small>{} seeds, {} to {}</small>", text(mean),
                     scores.size(), text(least->second), text(most->second));
}

}  // namespace eyechart::reports
