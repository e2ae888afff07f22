// From differences to verdicts, for a whole family of cells at once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/metrics.h"
#include "reports/gate/estimate.h"
#include "reports/gate/verdict.h"

namespace eyechart::reports {

/// A difference and what is asked of it.
struct Question {
  const CellEstimate* estimate = nullptr;
  Direction direction = Direction::kHigher;  // kNone: not judged
  double margin = 0;                         // in the metric's unit
  double alpha = 0.05;
  std::int64_t min_n = 0;
};

struct Decision {
  Verdict verdict = Verdict::kPass;
  std::optional<double> p_adjusted;
  std::optional<Interval> interval;  // of the difference
  /// The least true loss found with 80 % power, were it the only one; none
  /// where so few items can never tell.
  std::optional<double> least_loss;
  std::string reason;
};

/// Decides each question:
/// - p values are of no difference, adjusted over the family of all questions
///   that have one (multiple_testing.h); at or below alpha is significant.
/// - Intervals have level 1 - alpha; those of the R significant ones of m have
///   1 - alpha R / m, so that having been selected does not spoil them (false
///   coverage rate: Benjamini and Yekutieli 2005, JASA 100, 71-81).
/// - regressed: significant, and the whole interval is worse than the margin
///   allows. improved: significant, and the whole interval is better than no
///   difference. pass: the whole interval is within the margin or better.
///   inconclusive: the rest, and fewer than min_n items.
/// Counts without noise ("exact values") are decided by themselves.
std::vector<Decision> Decide(std::span<const Question> questions);

}  // namespace eyechart::reports
