// What the scores of test rows amount to.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/statistics.h"
#include "probes/pipeline/probe_side.h"

namespace eyechart::probes {

/// A score with its interval.
struct ProbeScore {
  std::string metric;  // as in the metric table
  double value = 0;
  std::optional<Interval> ci;
};

struct ScoredRows {
  /// classes: top1, top5, mean_per_class; labels: map; numbers: mae, rmse, r2.
  std::vector<ProbeScore> scores;
  std::vector<std::int64_t> counts;    // rows a class or label, by its name
  std::vector<double> class_accuracy;  // NaN where a class has no row
  /// One row a test row: id, truth, prediction, correct, score, and what the
  /// kind adds. `score` is the share of the prediction (classes), or its
  /// absolute error (numbers).
  std::string outcomes;
  std::vector<std::string> warnings;
};

/// `scores` (m, K) of the rows of `test` with `targets`, which labels.Of made.
ScoredRows ScoreRows(const at::Tensor& scores,
                     const Targets& targets,
                     const LabelSet& labels,
                     const ProbeSide& test);

/// The first of ScoreRows' scores, without intervals: top1, map, or mae in the
/// labels' unit.
double LeadingScore(const at::Tensor& scores,
                    const Targets& targets,
                    const LabelSet& labels);

}  // namespace eyechart::probes
