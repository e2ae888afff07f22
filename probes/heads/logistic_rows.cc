#include "probes/heads/logistic_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include "core/error.h"

namespace eyechart::probes {
namespace {

LogisticTargets OfClasses(const at::Tensor& labels,
                          std::int64_t classes,
                          const at::Tensor& present) {
  EYECHART_CHECK(present.numel() >= 2, "rows of {} class only",
                 present.numel());
  LogisticTargets made;
  made.classes = classes;
  made.present = present;
  made.exclusive = present.numel() > 2;
  const at::Tensor wanted = made.exclusive ? present : present.narrow(0, 1, 1);
  made.truth =
      (labels.unsqueeze(0) == wanted.unsqueeze(1)).to(at::kDouble).contiguous();
  return made;
}

LogisticTargets OfLabels(const at::Tensor& truth) {
  const at::Tensor share = truth.mean(1);
  EYECHART_CHECK((share > 0).logical_and(share < 1).all().item<bool>(),
                 "a label that all of {} rows have or none", truth.size(1));
  LogisticTargets made;
  made.truth = truth;
  return made;
}

}  // namespace

LogisticRows PrepareLogistic(const at::Tensor& features) {
  EYECHART_CHECK(
      features.dim() == 2 && features.size(0) > 0 && features.size(1) > 0,
      "features with {} dimensions, {} values", features.dim(),
      features.numel());
  const at::Tensor x = features.to(at::kDouble);
  EYECHART_CHECK(x.isfinite().all().item<bool>(), "features are not finite");
  LogisticRows made;
  made.mean = x.mean(0);
  at::Tensor rows = x - made.mean;
  // More columns than rows: first a basis of what the rows span. By Householder
  // reflections and not from the rows' Gram matrix, whose eigenvectors lose the
  // directions of little variance.
  at::Tensor span;
  if (rows.size(1) > rows.size(0)) {
    span = std::get<0>(at::linalg_qr(rows.t()));
    rows = at::matmul(rows, span);
  }
  // No direction is dropped, however little varies along it: a weak penalty may
  // still make use of it. The eigenvectors are orthonormal to rounding whatever
  // the condition of the matrix, and that is all that exactness needs.
  const at::Tensor axes =
      std::get<1>(at::linalg_eigh(at::matmul(rows.t(), rows))).flip(1);
  made.basis = span.defined() ? at::matmul(span, axes) : axes.contiguous();
  made.rows = at::cat(
      {at::matmul(rows, axes), at::ones({rows.size(0), 1}, at::kDouble)}, 1);
  made.rough = made.rows.to(at::kFloat);
  made.spread = made.rows.square().mean(0);
  return made;
}

LogisticRows LogisticRows::Select(const at::Tensor& index) const {
  LogisticRows made = *this;
  made.rows = rows.index_select(0, index);
  made.rough = rough.index_select(0, index);
  made.spread = made.rows.square().mean(0);
  return made;
}

LogisticTargets LogisticTargets::Select(const at::Tensor& index) const {
  const at::Tensor chosen = truth.index_select(1, index);
  if (classes == 0) return OfLabels(chosen);
  // Back to labels, as a fold may lack a class.
  const at::Tensor labels = present.index_select(
      0, exclusive ? chosen.argmax(0) : chosen[0].to(at::kLong));
  return ClassTargets(labels, classes);
}

LogisticTargets ClassTargets(const at::Tensor& labels, std::int64_t classes) {
  EYECHART_CHECK(labels.dim() == 1 && labels.numel() > 0, "{} labels",
                 labels.numel());
  EYECHART_CHECK(labels.min().item<std::int64_t>() >= 0 &&
                     labels.max().item<std::int64_t>() < classes,
                 "labels {} to {} of {} classes",
                 labels.min().item<std::int64_t>(),
                 labels.max().item<std::int64_t>(), classes);
  return OfClasses(labels, classes,
                   at::bincount(labels, {}, classes).nonzero().flatten());
}

LogisticTargets LabelTargets(const at::Tensor& labels) {
  EYECHART_CHECK(labels.dim() == 2 && labels.numel() > 0,
                 "labels with {} dimensions", labels.dim());
  const at::Tensor truth = labels.t().to(at::kDouble).contiguous();
  EYECHART_CHECK((truth == 0).logical_or(truth == 1).all().item<bool>(),
                 "labels other than 0 and 1");
  return OfLabels(truth);
}

}  // namespace eyechart::probes
