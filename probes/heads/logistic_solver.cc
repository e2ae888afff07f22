#include "probes/heads/logistic_solver.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"

namespace eyechart::probes {
namespace {

// How far a Newton step is solved, as a share of the gradient: far from the
// solution a better one would be lost on the loss's curvature, and near it the
// tolerance says how much is wanted, with some to spare.
constexpr double kLoosest = 0.1;
constexpr double kTightest = 1e-3;
constexpr double kSpare = 0.3;

// The line search: sufficient decrease, what rounding may add to a loss, and
// halvings before a direction is given up.
constexpr double kDecrease = 1e-4;
constexpr double kRounding = 1e-14;
constexpr int kHalvings = 30;

LogisticPoint Moved(const LogisticPoint& from,
                    const LogisticPoint& by,
                    const at::Tensor& length) {
  return {from.weights + length * by.weights, from.scores + length * by.scores};
}

// How far to go from `point` along `step`, a group; 0 where nowhere is lower.
// Scores are linear in the weights, so a try costs no product with the rows.
at::Tensor LengthAlong(const LogisticObjective& objective,
                       const LogisticPoint& point,
                       const LogisticPoint& step,
                       const at::Tensor& gradient) {
  const at::Tensor loss = objective.Loss(point);
  const at::Tensor slope = objective.Dot(gradient, step.weights);
  at::Tensor length = at::full_like(loss, 1);
  for (int i = 0; i < kHalvings; ++i) {
    const at::Tensor good =
        objective.Loss(Moved(point, step, length)) <=
        loss + kDecrease * length * slope + kRounding * (1 + loss);
    if (good.all().item<bool>()) return length;
    length = at::where(good, length, length / 2);
  }
  const at::Tensor good = objective.Loss(Moved(point, step, length)) <= loss;
  return at::where(good, length, 0.0);
}

}  // namespace

LogisticPath::LogisticPath(LogisticRows rows,
                           LogisticTargets targets,
                           const LogisticSolverOptions& options)
    : rows_(std::move(rows)), targets_(std::move(targets)), options_(options) {
  EYECHART_CHECK(rows_.count() == targets_.truth.size(1),
                 "{} rows with {} labels", rows_.count(),
                 targets_.truth.size(1));
}

LogisticPoint LogisticPath::Start(double c,
                                  const LogisticObjective& objective) const {
  const std::int64_t k = targets_.truth.size(0);
  if (!last_)
    return {at::zeros({k, rows_.rows.size(1)}, at::kDouble),
            at::zeros({k, rows_.count()}, at::kDouble)};
  if (!before_ || last_c_ == before_c_) return *last_;
  const double ahead = std::log(c / last_c_) / std::log(last_c_ / before_c_);
  const LogisticPoint by = {last_->weights - before_->weights,
                            last_->scores - before_->scores};
  const at::Tensor lower =
      objective.Loss(Moved(*last_, by, at::full({1, 1}, ahead, at::kDouble))) <
      objective.Loss(*last_);
  return Moved(*last_, by, lower.to(at::kDouble) * ahead);
}

LogisticSolution LogisticPath::Solve(double c) {
  EYECHART_CHECK(c > 0 && std::isfinite(c), "C = {}", c);
  LogisticObjective objective(rows_, targets_,
                              1 / (c * static_cast<double>(rows_.count())));
  LogisticPoint point = Start(c, objective);
  int left = options_.max_iterations;
  bool exact = false, converged = false;
  at::Tensor gradient, largest, previous;
  for (;;) {
    ThrowIfInterrupted();
    gradient = objective.Move(point);
    --left;
    const std::int64_t r = rows_.basis.size(1);
    largest = objective.Largest(
        at::cat({at::matmul(gradient.narrow(1, 0, r), rows_.basis.t()),
                 gradient.narrow(1, r, 1)},
                1));
    // Not the same as "above": what is not a number has not converged.
    const at::Tensor open = (largest <= options_.tolerance).logical_not();
    converged = !open.any().item<bool>();
    if (converged || left <= 1) break;
    // Products in float32 serve until a step of them brings nothing.
    if (previous.defined())
      exact = exact ||
              (largest > previous / 2).logical_and(open).any().item<bool>();
    previous = largest;
    gradient = at::where(open, gradient, 0.0);
    const at::Tensor share =
        (kSpare * options_.tolerance / largest).clamp(kTightest, kLoosest);
    LogisticPoint step;
    int products = left - 1;  // one is the next gradient's
    step.weights = objective.Step(gradient, share, exact, products);
    left = products + 1;
    step.scores = objective.Scores(step.weights);
    const at::Tensor length = LengthAlong(objective, point, step, gradient);
    if ((length == 0).logical_and(open).any().item<bool>()) {
      if (exact) break;
      exact = true;
    }
    point = Moved(point, step, length);
  }
  LogisticSolution found = Finish(point);
  found.c = c;
  found.iterations = options_.max_iterations - left;
  found.converged = converged;
  found.loss = objective.Loss(point).sum().item<double>();
  found.gradient = largest.max().item<double>();
  before_ = std::exchange(last_, std::move(point));
  before_c_ = std::exchange(last_c_, c);
  return found;
}

LogisticSolution LogisticPath::Finish(const LogisticPoint& point) const {
  const std::int64_t r = rows_.basis.size(1);
  LogisticSolution found;
  found.weights =
      at::matmul(rows_.basis, point.weights.narrow(1, 0, r).t());  // (d, k)
  found.bias =
      point.weights.select(1, r) - at::matmul(rows_.mean, found.weights);
  if (targets_.classes == 0) return found;
  if (!targets_.exclusive) {
    found.weights = at::cat({-found.weights / 2, found.weights / 2}, 1);
    found.bias = at::cat({-found.bias / 2, found.bias / 2});
  }
  if (targets_.present.numel() == targets_.classes) return found;
  const LogisticSolution some = found;
  found.weights =
      at::zeros({some.weights.size(0), targets_.classes}, at::kDouble)
          .index_copy(1, targets_.present, some.weights);
  found.bias = at::full({targets_.classes},
                        -std::numeric_limits<double>::infinity(), at::kDouble)
                   .index_copy(0, targets_.present, some.bias);
  return found;
}

LogisticSolution SolveLogistic(const LogisticRows& rows,
                               const LogisticTargets& targets,
                               double c,
                               const LogisticSolverOptions& options) {
  return LogisticPath(rows, targets, options).Solve(c);
}

std::vector<double> DefaultLogisticGrid() {
  std::vector<double> grid;
  for (int i = 0; i < 45; ++i) grid.push_back(std::pow(10, -6 + i * 0.25));
  return grid;
}

void SweepLogistic(const at::Tensor& features,
                   const at::Tensor& labels,
                   std::int64_t classes,
                   std::span<const double> c,
                   const std::function<void(const LogisticSolution&)>& each,
                   const LogisticSolverOptions& options) {
  std::vector<double> grid(c.begin(), c.end());
  std::sort(grid.begin(), grid.end());
  LogisticPath path(PrepareLogistic(features), ClassTargets(labels, classes),
                    options);
  for (const double value : grid) each(path.Solve(value));
}

}  // namespace eyechart::probes
