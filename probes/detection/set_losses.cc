#include "probes/detection/set_losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>

namespace eyechart::detection {
namespace {

// alpha p^gamma, a weight that no gradient flows through.
at::Tensor AbsentWeight(const at::Tensor& logits,
                        const VarifocalOptions& options) {
  const at::NoGradGuard frozen;
  return at::sigmoid(logits).pow_(options.gamma).mul_(options.alpha);
}

// Sum of the varifocal loss: every class is taken to be absent, and those that
// are there, at `places` (m) of the flat `logits` with `wanted` scores, are set
// right.
at::Tensor VarifocalSum(const at::Tensor& logits,
                        const at::Tensor& places,
                        const at::Tensor& wanted,
                        const VarifocalOptions& options) {
  const at::Tensor there = logits.index_select(0, places);
  // softplus(x) is the cross-entropy against 0, softplus(x) - q x that
  // against q.
  const at::Tensor absent = at::softplus(there);
  return (AbsentWeight(logits, options) * at::softplus(logits)).sum() +
         (wanted * (absent - wanted * there) -
          AbsentWeight(there, options) * absent)
             .sum();
}

}  // namespace

SetLoss SetLosses(const SetPrediction& prediction,
                  const SetMatches& matches,
                  double objects,
                  const SetLossOptions& options) {
  const std::int64_t k = prediction.logits.size(2);
  const at::Tensor logits = prediction.logits.reshape({-1, k});
  const at::Tensor boxes =
      prediction.boxes.reshape({-1, 4}).index_select(0, matches.rows);
  const at::Tensor corners = CornersOf(boxes);
  const at::Tensor wanted = CornersOf(matches.boxes);
  SetLoss loss;
  if (options.varifocal) {
    loss.classes =
        VarifocalSum(logits.reshape({-1}), matches.rows * k + matches.classes,
                     Iou(corners.detach(), wanted), options.vari) *
        (options.varifocal_weight / objects);
  } else {
    at::Tensor classes =
        at::full({logits.size(0)}, kNoClass, matches.classes.options());
    classes.index_copy_(0, matches.rows, matches.classes);
    loss.classes = FocalSum(logits, classes, options.focal) *
                   (options.focal_weight / objects);
  }
  loss.l1 = L1Sum(boxes, matches.boxes) * (options.l1 / objects);
  loss.giou =
      (1 - GeneralizedIou(corners, wanted)).sum() * (options.giou / objects);
  return loss;
}

}  // namespace eyechart::detection
