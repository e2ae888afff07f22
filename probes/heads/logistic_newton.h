// Newton's method for a penalised logistic loss: the steps of logistic_solver.
#pragma once

#include <ATen/core/Tensor.h>

#include "probes/heads/logistic_rows.h"

namespace eyechart::probes {

/// Weights in the coordinates of LogisticRows, and the scores they give. Both
/// one row an output k, which is the layout that the products are fast in.
struct LogisticPoint {
  at::Tensor weights;  // (k, r + 1) float64; the last column is the bias
  at::Tensor scores;   // (k, n) float64
};

/// The mean loss plus penalty / 2 times the squared norm of the weights, at one
/// value of the penalty. Outputs that share a softmax are one group; each
/// sigmoid is a group of its own, with step lengths of its own, so that labels
/// fitted side by side do not wait for one another. What is "a group" is (g,
/// 1).
class LogisticObjective {
 public:
  /// `penalty` is 1 / (C n). Rows and targets must outlive it.
  LogisticObjective(const LogisticRows& rows,
                    const LogisticTargets& targets,
                    double penalty);

  /// A group.
  at::Tensor Loss(const LogisticPoint& point) const;

  /// Goes to `point`: what follows is about it. Returns the gradient (k, r +
  /// 1).
  at::Tensor Move(const LogisticPoint& point);

  /// The Newton step (k, r + 1) for `gradient`, by conjugate gradients until
  /// the residual is `share` (a group) of the gradient, in the norm of the
  /// preconditioner. Takes at most `limit` products with the curvature and
  /// takes them off it. With `exact` they are in float64, else in float32: a
  /// step need not be exact where the gradient is. Throws Interrupted at a
  /// signal.
  at::Tensor Step(const at::Tensor& gradient,
                  const at::Tensor& share,
                  bool exact,
                  int& limit) const;

  /// Scores (k, n) float64 of weights (k, r + 1).
  at::Tensor Scores(const at::Tensor& weights) const;

  /// Sum of a * b a group.
  at::Tensor Dot(const at::Tensor& a, const at::Tensor& b) const;

  /// Largest of |a| a group.
  at::Tensor Largest(const at::Tensor& a) const;

 private:
  at::Tensor Curved(const at::Tensor& direction, bool exact) const;

  const LogisticRows& rows_;
  const LogisticTargets& targets_;
  at::Tensor penalty_;                // (r + 1), 0 for the bias
  at::Tensor shares_, rough_shares_;  // (k, n): softmax, or p (1 - p)
  at::Tensor inverse_;                // a group, by r + 1: the preconditioner
};

}  // namespace eyechart::probes
