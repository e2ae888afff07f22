#include "probes/heads/logistic.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "core/error.h"
#include "probes/heads/logistic_solver.h"

namespace eyechart::probes {
namespace {

// A column whose deviation is below this share of its size says nothing.
constexpr double kConstant = 1e-9;

// The objective asks for penalised weights of both of two classes, w / 2 and
// -w / 2; the solver's penalises w. The former is the latter at twice the C.
double SolverC(const LogisticTargets& targets, double c) {
  return targets.exclusive ? c : 2 * c;
}

}  // namespace

LogisticReadOut::LogisticReadOut(const at::Tensor& features) {
  const at::Tensor x = features.to(at::kDouble);
  mean_ = x.mean(0);
  const at::Tensor deviation = x.std(0, /*unbiased=*/false);
  inverse_ =
      at::where(deviation > kConstant * (mean_.abs() + kConstant),
                deviation.clamp_min(kConstant * kConstant).reciprocal(), 0.0);
}

at::Tensor LogisticReadOut::Standardised(const at::Tensor& features) const {
  return (features.to(at::kDouble) - mean_) * inverse_;
}

LogisticReadOut LogisticReadOut::Fit(const at::Tensor& features,
                                     const at::Tensor& labels,
                                     std::int64_t classes,
                                     const LogisticOptions& options) {
  EYECHART_CHECK(features.dim() == 2 && features.size(0) > 1 &&
                     labels.dim() == 1 && labels.size(0) == features.size(0),
                 "{} rows with {} labels", features.size(0), labels.numel());
  EYECHART_CHECK(options.c > 0, "C = {}", options.c);
  LogisticReadOut made(features);
  const LogisticTargets targets = ClassTargets(labels, classes);
  const LogisticSolution found = SolveLogistic(
      PrepareLogistic(made.Standardised(features)), targets,
      SolverC(targets, options.c), {options.tolerance, options.max_iterations});
  made.weights_ = found.weights;
  made.bias_ = found.bias;
  made.c_ = options.c;
  return made;
}

at::Tensor LogisticReadOut::Scores(const at::Tensor& features) const {
  return at::matmul(Standardised(features), weights_) + bias_;
}

LogisticReadOut FitSelected(const at::Tensor& features,
                            const at::Tensor& labels,
                            std::int64_t classes,
                            const at::Tensor& validation,
                            std::span<const double> grid) {
  EYECHART_CHECK(!grid.empty(), "no value of C");
  const at::Tensor held = validation.nonzero().flatten();
  const at::Tensor kept = validation.logical_not().nonzero().flatten();
  EYECHART_CHECK(held.numel() > 0 && kept.numel() > 1,
                 "{} rows to validate on, {} to fit", held.numel(),
                 kept.numel());
  std::vector<double> upwards(grid.begin(), grid.end());
  std::sort(upwards.begin(), upwards.end());
  const at::Tensor rows = features.index_select(0, kept);
  const LogisticReadOut scale(rows);
  const LogisticTargets targets =
      ClassTargets(labels.index_select(0, kept), classes);
  LogisticOptions best;
  LogisticPath path(PrepareLogistic(scale.Standardised(rows)), targets,
                    {best.tolerance, best.max_iterations});
  const at::Tensor held_rows =
      scale.Standardised(features.index_select(0, held));
  const at::Tensor truth = labels.index_select(0, held);
  std::int64_t most = -1;
  for (const double c : upwards) {
    const LogisticSolution found = path.Solve(SolverC(targets, c));
    const std::int64_t right =
        ((at::matmul(held_rows, found.weights) + found.bias).argmax(1) == truth)
            .sum()
            .item<std::int64_t>();
    if (right <= most) continue;
    most = right;
    best.c = c;
  }
  return LogisticReadOut::Fit(features, labels, classes, best);
}

}  // namespace eyechart::probes
