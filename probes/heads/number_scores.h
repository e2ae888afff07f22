// Regression: how far predicted numbers are from true ones.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/statistics.h"
#include "probes/heads/percentile_interval.h"

namespace eyechart::probes {

/// A figure with its percentile bootstrap interval over items.
struct Estimate {
  double value = 0;
  Interval interval;
};

/// The errors are in the target's unit.
struct NumberScores {
  std::int64_t items = 0;
  Estimate mean_absolute_error;
  Estimate median_absolute_error;
  Estimate root_mean_square_error;
  /// 1 - sum of squared errors / sum of squares about the targets' mean: 1 is
  /// perfect, 0 is as good as that mean, below is worse. NaN where all targets
  /// are equal; resamples of equal targets are left out of the interval.
  Estimate r2;
};

/// Compares `predictions` (n) with `targets` (n), of any floating type; of
/// several outputs, each is scored by itself. All intervals are of the same
/// resamples; equal options give equal intervals. Throws std::logic_error for
/// shapes that do not fit, n = 0, and values that are not finite.
NumberScores ScoreNumbers(const at::Tensor& predictions,
                          const at::Tensor& targets,
                          const BootstrapOptions& options = {});

}  // namespace eyechart::probes
