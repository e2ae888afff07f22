#include "probes/heads/logistic_newton.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/interrupt.h"

namespace eyechart::probes {
namespace {

// Where log(1 + e^x) is x to the last bit.
constexpr double kLinear = 40;

// Keeps the preconditioner finite where all rows are certain.
constexpr double kLeastCurvature = 1e-30;

}  // namespace

LogisticObjective::LogisticObjective(const LogisticRows& rows,
                                     const LogisticTargets& targets,
                                     double penalty)
    : rows_(rows),
      targets_(targets),
      penalty_(at::full_like(rows.spread, penalty)) {
  penalty_.narrow(0, penalty_.size(0) - 1, 1).fill_(0);
}

at::Tensor LogisticObjective::Dot(const at::Tensor& a,
                                  const at::Tensor& b) const {
  const at::Tensor product = a * b;
  return targets_.exclusive ? product.sum().view({1, 1})
                            : product.sum({1}, /*keepdim=*/true);
}

at::Tensor LogisticObjective::Largest(const at::Tensor& a) const {
  return targets_.exclusive ? a.abs().amax().view({1, 1})
                            : a.abs().amax({1}, /*keepdim=*/true);
}

at::Tensor LogisticObjective::Scores(const at::Tensor& weights) const {
  return at::matmul(weights, rows_.rows.t());
}

at::Tensor LogisticObjective::Loss(const LogisticPoint& point) const {
  const at::Tensor& s = point.scores;
  const at::Tensor loss =
      targets_.exclusive ? (at::logsumexp(s, {0}) - (s * targets_.truth).sum(0))
                               .mean()
                               .view({1, 1})
                         : (at::softplus(s, 1, kLinear) - s * targets_.truth)
                               .mean({1}, /*keepdim=*/true);
  return loss + 0.5 * Dot(point.weights * penalty_, point.weights);
}

at::Tensor LogisticObjective::Move(const LogisticPoint& point) {
  const double n = static_cast<double>(rows_.count());
  const at::Tensor shares = targets_.exclusive ? at::softmax(point.scores, 0)
                                               : at::sigmoid(point.scores);
  const at::Tensor certain = shares * (1 - shares);
  shares_ = targets_.exclusive ? shares : certain;
  rough_shares_ = shares_.to(at::kFloat);
  // Rows weigh by how uncertain they are; their mean times the spread is the
  // diagonal of the curvature if that does not depend on where the row lies.
  const at::Tensor curvature =
      (targets_.exclusive ? certain.mean().view({1, 1})
                          : certain.mean({1}, /*keepdim=*/true))
          .clamp_min(kLeastCurvature);
  inverse_ = (curvature * rows_.spread + penalty_)
                 .clamp_min(kLeastCurvature)
                 .reciprocal();
  return at::matmul((shares - targets_.truth) / n, rows_.rows) +
         penalty_ * point.weights;
}

at::Tensor LogisticObjective::Curved(const at::Tensor& direction,
                                     bool exact) const {
  const at::Tensor& rows = exact ? rows_.rows : rows_.rough;
  const at::Tensor& shares = exact ? shares_ : rough_shares_;
  at::Tensor along =
      at::matmul(direction.to(rows.scalar_type()), rows.t()).mul_(shares);
  if (targets_.exclusive) along -= shares * along.sum({0}, /*keepdim=*/true);
  return at::matmul(along, rows).to(at::kDouble) /
             static_cast<double>(rows_.count()) +
         penalty_ * direction;
}

at::Tensor LogisticObjective::Step(const at::Tensor& gradient,
                                   const at::Tensor& share,
                                   bool exact,
                                   int& limit) const {
  at::Tensor step = at::zeros_like(gradient);
  at::Tensor residual = -gradient;
  at::Tensor scaled = inverse_ * residual;
  at::Tensor direction = scaled;
  at::Tensor size = Dot(residual, scaled);
  const at::Tensor enough = share.square() * size;
  at::Tensor active = size > 0;
  while (limit > 0 && active.any().item<bool>()) {
    ThrowIfInterrupted();
    --limit;
    const at::Tensor curved = Curved(direction, exact);
    const at::Tensor bend = Dot(direction, curved);
    active = active.logical_and(bend > 0);
    const at::Tensor length = at::where(active, size / bend, 0.0);
    step += length * direction;
    residual -= length * curved;
    scaled = inverse_ * residual;
    const at::Tensor left = Dot(residual, scaled);
    active = active.logical_and(left > enough);
    direction = scaled + at::where(active, left / size, 0.0) * direction;
    size = left;
  }
  // Rounding can spoil a step; the scaled gradient always leads down.
  step = at::where(Dot(step, gradient) < 0, step, -(inverse_ * gradient));
  // What all classes have in common the losses do not see, so that in a bias
  // nothing would hold what rounding adds up to.
  if (targets_.exclusive) step -= step.mean({0}, /*keepdim=*/true);
  return step;
}

}  // namespace eyechart::probes
