// Multinomial logistic regression with an L2 penalty, exact and along a path of
// penalties: the linear protocol of CLIP (Radford et al. 2021, section 3.2 and
// appendix A.3: logistic regression on frozen features, C by a sweep) and of
// DINOv2's log_regression.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "probes/heads/logistic_newton.h"
#include "probes/heads/logistic_rows.h"

namespace eyechart::probes {

struct LogisticSolverOptions {
  /// Of the gradient of the mean loss with its penalty, max-abs in the
  /// coordinates of the features less their mean: what scikit-learn calls tol.
  /// Its default of 1e-4 is hardly below the gradient that features of length 1
  /// start with, so that strong penalties stop at once; this is far below any
  /// of them.
  double tolerance = 1e-7;
  /// Rounds of products with all rows, there and back, a C: as many as the
  /// iterations of L-BFGS cost.
  int max_iterations = 1000;
};

/// The minimum of C times the sum of the losses plus half the squared norm of
/// the weights, the bias not penalised: scikit-learn's objective, on the
/// features as they are.
struct LogisticSolution {
  /// (d, k) and (k) float64; scores are features * weights + bias. k is the
  /// number of classes or of labels. For classes the outputs sum to 0. Two
  /// classes are fitted as one sigmoid with penalised weights w, as by
  /// scikit-learn, and given as -w / 2 and w / 2, so that the difference of the
  /// scores is the log-odds. A class without rows has weights 0 and the bias
  /// -infinity.
  at::Tensor weights;
  at::Tensor bias;
  double c = 0;
  int iterations = 0;      // see max_iterations
  bool converged = false;  // `gradient` is within the tolerance
  double loss = 0;         // mean loss plus penalty / (C n); labels: summed
  double gradient = 0;     // largest left, as in LogisticSolverOptions
};

/// Fits at one C after another, each from where the ones before lead: from
/// strong penalties to weak ones a fit costs a few steps. The result depends on
/// the path only within the tolerance.
class LogisticPath {
 public:
  /// Throws std::logic_error unless rows and targets fit.
  LogisticPath(LogisticRows rows,
               LogisticTargets targets,
               const LogisticSolverOptions& options = {});

  /// Throws std::logic_error unless C > 0, Interrupted at a signal.
  LogisticSolution Solve(double c);

 private:
  LogisticPoint Start(double c, const LogisticObjective& objective) const;
  LogisticSolution Finish(const LogisticPoint& point) const;

  LogisticRows rows_;
  LogisticTargets targets_;
  LogisticSolverOptions options_;
  // The last two solutions: a line through them leads to the next.
  std::optional<LogisticPoint> last_, before_;
  double last_c_ = 0, before_c_ = 0;
};

/// One fit, from zero. Errors as LogisticPath's.
LogisticSolution SolveLogistic(const LogisticRows& rows,
                               const LogisticTargets& targets,
                               double c,
                               const LogisticSolverOptions& options = {});

/// 10 to the power of 45 numbers evenly spaced from -6 to 5: the range of
/// CLIP's sweep at the density of DINOv2's.
std::vector<double> DefaultLogisticGrid();

/// Fits features (n, d) with labels (n) int64 in 0 ... classes - 1 at each
/// value of `c`, in increasing order whatever theirs, and hands each solution
/// to `each`, which scores it on other rows. Errors as those of the parts.
void SweepLogistic(const at::Tensor& features,
                   const at::Tensor& labels,
                   std::int64_t classes,
                   std::span<const double> c,
                   const std::function<void(const LogisticSolution&)>& each,
                   const LogisticSolverOptions& options = {});

}  // namespace eyechart::probes
