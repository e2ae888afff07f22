// The linear read-out: multinomial logistic regression with an L2 penalty.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::probes {

struct LogisticOptions {
  /// Inverse strength of the penalty, as in LIBLINEAR and scikit-learn: the
  /// sum of the losses times C, plus half the squared norm of the weights. The
  /// bias is not penalised.
  double c = 1;
  int max_iterations = 500;  // rounds of products with the rows
  double tolerance = 1e-6;   // of the gradient of the mean loss, max-abs
};

/// A fitted read-out on features that are standardised first (mean and standard
/// deviation of the training rows; a constant column stays 0). Two classes are
/// two outputs whose weights are both penalised, which is one sigmoid at 2 C.
class LogisticReadOut {
 public:
  /// Fits `features` (n, d) with `labels` (n) int64 in 0 ... classes - 1, in
  /// float64 (logistic_solver.h). Throws std::logic_error for shapes that do
  /// not fit, for features that are not finite and for rows of one class only.
  static LogisticReadOut Fit(const at::Tensor& features,
                             const at::Tensor& labels,
                             std::int64_t classes,
                             const LogisticOptions& options = {});

  /// Log-odds (m, classes) float64 of rows (m, d).
  at::Tensor Scores(const at::Tensor& features) const;

  double c() const { return c_; }

  friend LogisticReadOut FitSelected(const at::Tensor& features,
                                     const at::Tensor& labels,
                                     std::int64_t classes,
                                     const at::Tensor& validation,
                                     std::span<const double> grid);

 private:
  // Mean and deviations of `features` (n, d).
  explicit LogisticReadOut(const at::Tensor& features);
  at::Tensor Standardised(const at::Tensor& features) const;

  at::Tensor mean_;     // (d)
  at::Tensor inverse_;  // (d), 1 / standard deviation
  at::Tensor weights_;  // (d, classes)
  at::Tensor bias_;     // (classes)
  double c_ = 1;
};

/// Values of C to choose among, one a decade: from nearly the class means to
/// nearly no penalty.
inline constexpr std::array kPenaltyGrid = {1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0};

/// Fits one read-out for each C on the rows whose `validation` (n, bool) is
/// false, takes the one that is right most often on the others (the smallest C
/// on ties: the stronger penalty) and fits it again on all rows.
LogisticReadOut FitSelected(const at::Tensor& features,
                            const at::Tensor& labels,
                            std::int64_t classes,
                            const at::Tensor& validation,
                            std::span<const double> grid);

}  // namespace eyechart::probes
