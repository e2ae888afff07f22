// The one number by which heads are chosen.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "probes/heads/targets.h"

namespace eyechart::probes {

/// "top1" for classes, "map" (mean average precision) for labels, "mae" (mean
/// absolute error) for numbers.
std::string ScoreName(TargetKind kind);

/// Scores of the heads of a grid, fed with a few rows at a time; sums stay on
/// the device that the scores come from.
class GridScore {
 public:
  GridScore(TargetKind kind, std::int64_t heads);

  /// `scores` (G, b, K) of rows with `targets`; a class beyond K is never
  /// right.
  void Add(const at::Tensor& scores, const Targets& targets);

  /// (G): share right; mean average precision; or minus the mean absolute error
  /// in trained units, so that greater is better in all.
  std::vector<double> Values() const;

 private:
  TargetKind kind_;
  std::int64_t heads_;
  std::int64_t rows_ = 0;
  at::Tensor sums_;                 // (G) float64
  std::vector<at::Tensor> scores_;  // labels: (G, b, K) of each call
  std::vector<at::Tensor> truth_;   // labels: (b, K)
};

/// Of one head's scores (m, K).
double ScoreOfHead(const at::Tensor& scores, const Targets& targets);

}  // namespace eyechart::probes
