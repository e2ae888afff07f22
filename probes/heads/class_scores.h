// What every classifier reports: how often the right class scores most.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/statistics.h"
#include "probes/heads/percentile_interval.h"

namespace eyechart::probes {

/// One test item.
struct ItemOutcome {
  std::int64_t prediction = 0;  // the class of rank 0
  /// Of the true class: how many score strictly more, or as much and have a
  /// lower index.
  std::int64_t rank = 0;
};

/// One class's test items.
struct ClassAccuracy {
  std::int64_t items = 0;
  std::int64_t correct = 0;  // of rank 0
  double accuracy = 0;       // correct / items; NaN without items
};

/// Shares are in 0 ... 1.
struct ClassScores {
  std::int64_t items = 0;
  std::int64_t classes = 0;
  std::int64_t top1_correct = 0;
  double top1 = 0;
  Interval top1_interval;  // Wilson's
  /// What `top5` means here: 5, or the number of classes where that is less,
  /// in which case every item counts.
  std::int64_t top_k = 5;
  std::int64_t top5_correct = 0;  // items of rank below top_k
  double top5 = 0;
  Interval top5_interval;  // Wilson's
  /// The mean accuracy of the classes that have test items.
  double mean_per_class = 0;
  /// Percentile bootstrap: items are drawn anew within each class, as many as
  /// it has. A class whose items are all right, or all wrong, adds no width.
  Interval mean_per_class_interval;
  std::int64_t empty_classes = 0;        // without test items: not in that mean
  std::vector<ClassAccuracy> per_class;  // K
  std::vector<ItemOutcome> outcomes;     // n
};

/// Counts `scores` (n, K), of any floating type, more is better, against
/// `labels` (n) int64 in 0 ... K - 1. Equal options give equal intervals.
/// Throws std::logic_error for shapes or labels that do not fit, for n = 0, and
/// for scores that are not finite, with row and class.
ClassScores ScoreClasses(const at::Tensor& scores,
                         const at::Tensor& labels,
                         const BootstrapOptions& options = {});

}  // namespace eyechart::probes
