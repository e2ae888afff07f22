#include "probes/pipeline/grid_score.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "core/error.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/label_scores.h"

namespace eyechart::probes {

std::string ScoreName(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClasses:
      return "top1";
    case TargetKind::kLabels:
      return "map";
    case TargetKind::kNumbers:
      return "mae";
  }
  return "";
}

GridScore::GridScore(TargetKind kind, std::int64_t heads)
    : kind_(kind), heads_(heads), sums_(at::zeros({heads}, at::kDouble)) {}

void GridScore::Add(const at::Tensor& scores, const Targets& targets) {
  EYECHART_CHECK(scores.size(0) == heads_ && scores.size(1) == targets.size() &&
                     targets.kind == kind_,
                 "{} heads of {} rows", scores.size(0), scores.size(1));
  rows_ += targets.size();
  sums_ = OnDevice(sums_, scores.device());
  const at::Tensor truth = OnDevice(targets.values, scores.device());
  switch (kind_) {
    case TargetKind::kClasses:
      sums_ += (scores.argmax(2) == truth.unsqueeze(0))
                   .sum(at::IntArrayRef{1}, /*keepdim=*/false, at::kDouble);
      return;
    case TargetKind::kNumbers:
      sums_ -= (scores - truth.unsqueeze(0))
                   .abs()
                   .mean(at::IntArrayRef{2}, /*keepdim=*/false, at::kDouble)
                   .sum(1);
      return;
    case TargetKind::kLabels:
      scores_.push_back(scores.cpu());
      truth_.push_back(truth.cpu());
  }
}

std::vector<double> GridScore::Values() const {
  std::vector<double> values;
  if (kind_ == TargetKind::kLabels) {
    const at::Tensor scores = at::cat(scores_, 1);
    const at::Tensor truth = at::cat(truth_);
    for (std::int64_t g = 0; g < heads_; ++g)
      values.push_back(ScoreLabels(scores[g], truth).mean_average_precision);
    return values;
  }
  const at::Tensor sums = sums_.cpu();
  for (std::int64_t g = 0; g < heads_; ++g)
    values.push_back(sums[g].item<double>() / static_cast<double>(rows_));
  return values;
}

double ScoreOfHead(const at::Tensor& scores, const Targets& targets) {
  GridScore score(targets.kind, 1);
  score.Add(scores.unsqueeze(0), targets);
  return score.Values().front();
}

}  // namespace eyechart::probes
