// From matches to precision at 101 points of recall.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "probes/detection/evaluation/evaluate.h"

namespace eyechart::detection {

/// numpy.linspace(0, 1, 101): the points of recall.
const std::array<double, kRecallPoints>& RecallPoints();

/// The last point of recall that is not above `recall`, in [0, 1].
int LastPoint(double recall);

/// One curve while detections are met by descending score. Precision rises at
/// hits only, so that hits are all it looks at: the highest precision from a
/// point on stands behind the last point that its hits reach.
class Curve {
 public:
  Curve() { best_.fill(0); }

  /// `hits` of `positives` so far, this one included, and `false_alarms`.
  void Hit(std::int64_t hits,
           std::int64_t false_alarms,
           std::int64_t positives) {
    const auto found = static_cast<double>(hits);
    // numpy.spacing(1): a single hit has precision 0.9999999999999998.
    const double precision =
        found / ((static_cast<double>(false_alarms) + found) +
                 std::numeric_limits<double>::epsilon());
    last_ = LastPoint(found / static_cast<double>(positives));
    const auto at = static_cast<std::size_t>(last_);
    if (precision > best_[at]) best_[at] = precision;
  }
  int last() const { return last_; }

  /// R values: precision at each point of recall, 0 where none gets.
  void Finish(std::span<double> precision) const;

 private:
  int last_ = -1;
  std::array<double, kRecallPoints> best_;
};

/// Fills the cells of category `k` in `made`. `detections` give the scores.
void Accumulate(const CategoryMatches& matches,
                const Detections& detections,
                std::size_t k,
                Evaluation& made);

/// The same with image i counted weights[i] times; no scores.
void AccumulateWeighted(const CategoryMatches& matches,
                        std::size_t k,
                        const std::vector<std::uint32_t>& weights,
                        Evaluation& made);

/// Which numbers of detections the summary wants precision of: one flag each.
std::vector<bool> CurvesWanted(const EvaluationOptions& options);

}  // namespace eyechart::detection
