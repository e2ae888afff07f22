#include "probes/heads/targets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>

#include "core/error.h"
#include "probes/heads/device_tensors.h"

namespace eyechart::probes {

std::string_view TargetKindName(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClasses:
      return "classes";
    case TargetKind::kLabels:
      return "labels";
    case TargetKind::kNumbers:
      return "numbers";
  }
  return "";
}

Targets Targets::Rows(const at::Tensor& index) const {
  return {kind, values.index_select(0, index), outputs};
}

Targets Targets::On(c10::Device device) const {
  return {kind, OnDevice(values, device), outputs};
}

LossSlope SlopeOf(const at::Tensor& scores, const Targets& targets) {
  EYECHART_CHECK(scores.dim() == 3 && scores.size(1) == targets.size() &&
                     scores.size(2) == targets.outputs,
                 "{} rows of {} scores for {} targets", scores.size(1),
                 scores.size(2), targets.size());
  const double rows = static_cast<double>(scores.size(1));
  const double values = rows * static_cast<double>(scores.size(2));
  LossSlope made;
  if (targets.kind == TargetKind::kClasses) {
    const at::Tensor truth =
        targets.values.view({1, -1, 1}).expand({scores.size(0), -1, 1});
    const at::Tensor logs = at::log_softmax(scores, 2);
    made.loss = -logs.gather(2, truth).sum(at::IntArrayRef{1, 2}) / rows;
    made.slope = logs.exp_();
    made.slope.scatter_add_(2, truth,
                            -at::ones_like(truth, made.slope.options()));
    made.slope.div_(rows);
    return made;
  }
  const at::Tensor truth = targets.values.unsqueeze(0);
  if (targets.kind == TargetKind::kLabels) {
    made.loss =
        at::binary_cross_entropy_with_logits(scores, truth.expand_as(scores),
                                             {}, {}, at::Reduction::None)
            .mean(at::IntArrayRef{1, 2});
    made.slope = (at::sigmoid(scores) - truth).div_(values);
    return made;
  }
  const at::Tensor error = scores - truth;
  made.loss = error.square().mean(at::IntArrayRef{1, 2});
  made.slope = error * (2 / values);
  return made;
}

}  // namespace eyechart::probes
