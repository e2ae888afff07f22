// All curves of one category in one area.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "probes/detection/evaluation/accumulate.h"

namespace eyechart::detection {

/// Walks over a category's detections once for all thresholds and numbers of
/// detections. What matches nothing is a false alarm at every threshold, and is
/// counted for all of them together.
class AreaCurves {
 public:
  /// `scores` of all detections, to be noted at the points of recall, or null.
  AreaCurves(const CategoryMatches& matches,
             std::size_t area,
             const EvaluationOptions& options,
             const Column<double>* scores)
      : matches_(matches),
        area_(area),
        areas_(options.areas.size()),
        thresholds_(options.iou_thresholds.size()),
        numbers_(options.max_detections.size()),
        scores_of_(scores),
        common_(numbers_, 0),
        hits_(numbers_ * thresholds_, 0),
        false_alarms_(numbers_ * thresholds_, 0),
        slot_(numbers_, -1) {
    const std::vector<bool> wanted = CurvesWanted(options);
    std::size_t curves = 0;
    for (std::size_t m = 0; m < numbers_; ++m)
      if (wanted[m]) slot_[m] = static_cast<std::ptrdiff_t>(curves++);
    curves_.resize(curves * thresholds_);
    if (scores_of_ != nullptr)
      scores_.assign(curves_.size() * kRecallPoints, 0);
  }

  /// `positives` truths are to be found; weight(image) is how often an image
  /// counts.
  template <typename Weight>
  void Run(std::int64_t positives, const Weight& weight) {
    positives_ = positives;
    const std::size_t n = matches_.detection.size();
    const std::uint32_t bit = std::uint32_t{1} << area_;
    // The point of recall 0 is the first detection, whatever it is.
    if (n > 0 && scores_of_ != nullptr)
      for (std::size_t c = 0; c < curves_.size(); ++c)
        scores_[c * kRecallPoints] = (*scores_of_)[matches_.detection[0]];
    for (std::size_t i = 0; i < n; ++i) {
      const std::int64_t w = weight(matches_.image[i]);
      if (matches_.entry[i] < 0)
        common_[matches_.level[i]] += (matches_.outside[i] & bit) == 0 ? w : 0;
      else if (w > 0)
        Meet(i, w);
    }
  }

  /// Highest recall.
  double Recall(std::size_t m, std::size_t t) const {
    return static_cast<double>(hits_[m * thresholds_ + t]) /
           static_cast<double>(positives_);
  }
  bool has_curve(std::size_t m) const { return slot_[m] >= 0; }
  /// Where has_curve(m).
  const Curve& curve(std::size_t m, std::size_t t) const {
    return curves_[CurveAt(m, t)];
  }
  std::span<const double> scores(std::size_t m, std::size_t t) const {
    return std::span(scores_).subspan(CurveAt(m, t) * kRecallPoints,
                                      kRecallPoints);
  }

 private:
  std::size_t CurveAt(std::size_t m, std::size_t t) const {
    return static_cast<std::size_t>(slot_[m]) * thresholds_ + t;
  }

  // A detection that matches something somewhere.
  void Meet(std::size_t i, std::int64_t w) {
    const Outcome& outcome =
        matches_.outcomes[static_cast<std::size_t>(matches_.entry[i]) * areas_ +
                          area_];
    if ((outcome.hit | outcome.false_alarm) == 0) return;
    std::int64_t common = 0;
    const std::size_t level = matches_.level[i];
    for (std::size_t m = 0; m < level; ++m) common += common_[m];
    for (std::size_t m = level; m < numbers_; ++m) {
      common += common_[m];
      for (std::size_t t = 0; t < thresholds_; ++t) {
        const std::size_t c = m * thresholds_ + t;
        if ((outcome.false_alarm >> t & 1) != 0) false_alarms_[c] += w;
        if ((outcome.hit >> t & 1) == 0) continue;
        hits_[c] += w;
        if (slot_[m] < 0) continue;
        Curve& curve = curves_[CurveAt(m, t)];
        const int before = std::max(curve.last(), 0);
        curve.Hit(hits_[c], common + false_alarms_[c], positives_);
        if (scores_of_ != nullptr)
          for (int r = before + 1; r <= curve.last(); ++r)
            scores_[CurveAt(m, t) * kRecallPoints +
                    static_cast<std::size_t>(r)] =
                (*scores_of_)[matches_.detection[i]];
      }
    }
  }

  const CategoryMatches& matches_;
  std::size_t area_, areas_, thresholds_, numbers_;
  const Column<double>* scores_of_;
  std::int64_t positives_ = 0;
  // False alarms at every threshold, by level: most detections are these.
  std::vector<std::int64_t> common_;
  std::vector<std::int64_t> hits_;          // [M][T]
  std::vector<std::int64_t> false_alarms_;  // [M][T], beside the common ones
  std::vector<std::ptrdiff_t> slot_;        // [M]: which curves; -1: none
  std::vector<Curve> curves_;               // [slots][T]
  std::vector<double> scores_;              // [slots][T][R]
};

}  // namespace eyechart::detection
