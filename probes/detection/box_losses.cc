#include "probes/detection/box_losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>

#include "core/error.h"
#include "probes/detection/device_copy.h"

namespace eyechart::detection {
namespace {

// Below any area that is meant, in pixels or in parts of the picture; keeps
// 0 / 0 out of the sums.
constexpr double kNoArea = 1e-12;

// p^gamma; the square, the customary one, is several times as fast.
at::Tensor Power(const at::Tensor& p, double gamma) {
  return gamma == 2 ? p.square() : p.pow(gamma);
}

// Of a class that is there, and of one that is not; softplus(x) is
// -log(1 - sigmoid(x)).
at::Tensor FocalThere(const at::Tensor& x, const FocalOptions& options) {
  return Power(at::sigmoid(-x), options.gamma) * at::softplus(-x) *
         options.alpha;
}

at::Tensor FocalAbsent(const at::Tensor& x, const FocalOptions& options) {
  return Power(at::sigmoid(x), options.gamma) * at::softplus(x) *
         (1 - options.alpha);
}

at::Tensor Area(const at::Tensor& size) {
  return size.select(-1, 0) * size.select(-1, 1);
}

struct Overlap {
  at::Tensor common;
  at::Tensor both;  // area of the union
};

Overlap OverlapOf(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor size = at::minimum(a.narrow(-1, 2, 2), b.narrow(-1, 2, 2)) -
                          at::maximum(a.narrow(-1, 0, 2), b.narrow(-1, 0, 2));
  const at::Tensor common = Area(size.clamp_min(0));
  const at::Tensor both = Area(a.narrow(-1, 2, 2) - a.narrow(-1, 0, 2)) +
                          Area(b.narrow(-1, 2, 2) - b.narrow(-1, 0, 2)) -
                          common;
  return {common, both};
}

}  // namespace

at::Tensor FocalSum(const at::Tensor& logits,
                    const at::Tensor& classes,
                    const FocalOptions& options) {
  EYECHART_CHECK(logits.dim() == 2 && classes.dim() == 1 &&
                     classes.size(0) == logits.size(0),
                 "{} classes of {} rows", classes.numel(), logits.size(0));
  const at::Tensor kept = (classes != kIgnored).nonzero().squeeze(1);
  if (kept.size(0) < classes.size(0))
    return FocalSum(logits.index_select(0, OnDevice(kept, logits.device())),
                    classes.index_select(0, kept), options);
  // Nearly all rows are background: every class is taken to be absent, and
  // those that are there are set right, without a table of zeros and ones.
  const at::Tensor rows = (classes >= 0).nonzero().squeeze(1);
  const at::Tensor places =
      rows * logits.size(1) + classes.index_select(0, rows);
  const at::Tensor there =
      logits.reshape({-1}).index_select(0, OnDevice(places, logits.device()));
  return FocalAbsent(logits, options).sum() +
         (FocalThere(there, options) - FocalAbsent(there, options)).sum();
}

at::Tensor GeneralizedIou(const at::Tensor& corners, const at::Tensor& others) {
  const Overlap overlap = OverlapOf(corners, others);
  const at::Tensor hull =
      Area(at::maximum(corners.narrow(-1, 2, 2), others.narrow(-1, 2, 2)) -
           at::minimum(corners.narrow(-1, 0, 2), others.narrow(-1, 0, 2)));
  return overlap.common / overlap.both.clamp_min(kNoArea) -
         (hull - overlap.both) / hull.clamp_min(kNoArea);
}

at::Tensor Iou(const at::Tensor& corners, const at::Tensor& others) {
  const Overlap overlap = OverlapOf(corners, others);
  return overlap.common / overlap.both.clamp_min(kNoArea);
}

at::Tensor L1Sum(const at::Tensor& values, const at::Tensor& wanted) {
  return (values - wanted).abs().sum();
}

}  // namespace eyechart::detection
