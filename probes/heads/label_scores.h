// Multi-label classification: average precision.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace eyechart::probes {

/// One label's test items.
struct LabelPrecision {
  std::int64_t positives = 0;    // items that have the label
  double average_precision = 0;  // 0 ... 1; NaN without positives
};

struct LabelScores {
  std::int64_t items = 0;
  std::int64_t labels = 0;
  /// The mean over the labels that have positives; NaN where none has.
  double mean_average_precision = 0;
  std::int64_t empty_labels = 0;          // without positives: not in that mean
  std::vector<LabelPrecision> per_label;  // K
};

/// Ranks n items by each label's `scores` (n, K), of any floating type, against
/// `truth` (n, K) of 0 and 1, of any type. Average precision is the sum over
/// thresholds of precision times the step in recall, without interpolation;
/// items of equal score pass a threshold together. That is scikit-learn's
/// average_precision_score, but for labels without positives, for which that
/// has 0. Throws std::logic_error for shapes that do not fit, n = 0, other
/// truths, and scores that are not finite.
LabelScores ScoreLabels(const at::Tensor& scores, const at::Tensor& truth);

}  // namespace eyechart::probes
