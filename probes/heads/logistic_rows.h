// What a logistic regression is fitted on, prepared once for many fits.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace eyechart::probes {

/// Rows in the coordinates of their principal axes. An L2 penalty is the same
/// in every rotated frame and a bias without penalty takes up every shift, so a
/// fit in these coordinates is the fit on the features themselves; but here the
/// curvature is nearly diagonal, which is what makes the fit quick. Memory: 12
/// bytes a value.
struct LogisticRows {
  at::Tensor rows;    // (n, r + 1) float64, r <= min(n, d); the last column: 1
  at::Tensor rough;   // the same in float32
  at::Tensor spread;  // (r + 1) float64, mean square of each column
  at::Tensor mean;    // (d) float64, what was taken off
  at::Tensor basis;   // (d, r) float64, orthonormal columns

  std::int64_t count() const { return rows.size(0); }

  /// Rows `index` (m) int64 of these: a fold needs no rotation of its own, as
  /// any orthonormal basis of the features' span and any shift will do.
  LogisticRows Select(const at::Tensor& index) const;
};

/// Prepares features (n, d) of any floating type, n >= 1. Throws
/// std::logic_error for another shape and for values that are not finite.
LogisticRows PrepareLogistic(const at::Tensor& features);

/// What the rows are to be told apart by.
struct LogisticTargets {
  at::Tensor truth;  // (k, n) float64 of 0 and 1
  /// Softmax over the k rows of `truth`; else k sigmoids, each on its own.
  bool exclusive = false;
  /// Classes asked for by ClassTargets; 0 for labels.
  std::int64_t classes = 0;
  /// (p) int64: the classes that have rows, ascending. With p = 2 `truth` is
  /// one sigmoid, that of the second.
  at::Tensor present;

  /// Those of rows `index` (m) int64.
  LogisticTargets Select(const at::Tensor& index) const;
};

/// Labels (n) int64 in 0 ... classes - 1, one a row. Two classes make one
/// sigmoid, as in scikit-learn. Throws std::logic_error for labels out of range
/// and unless two classes at least have rows.
LogisticTargets ClassTargets(const at::Tensor& labels, std::int64_t classes);

/// Labels (n, l) of 0 and 1, any number a row. Throws std::logic_error for
/// other values and for a label that all rows have or none has.
LogisticTargets LabelTargets(const at::Tensor& labels);

}  // namespace eyechart::probes
