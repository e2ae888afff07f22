// What one more candidate costs: suppression's time against the boxes that go
// in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/statistics.h"

namespace eyechart::benchmarks {

/// One timing.
struct CostPoint {
  std::size_t picture = 0;  // points of one picture are resampled together
  double boxes = 0;         // that go in, n
  double ns = 0;
};

struct CostOptions {
  int resamples = 1000;  // of the pictures, for intervals; 0: none
  std::uint64_t seed = 0;
  double level = 0.95;
};

/// A coefficient or what is made of them.
struct CostFigure {
  double value = 0;
  std::optional<Interval> ci;
};

/// Time = constant + linear n + quadratic n^2, in ns.
struct CostFit {
  CostFigure constant;
  CostFigure linear;
  CostFigure quadratic;
  double residual_ns = 0;  // root of the mean squared residual
  double explained = 0;    // R^2, 1 where all times are alike
  double least_boxes = 0;  // of the points, beyond which nothing is known
  double most_boxes = 0;
  std::int64_t points = 0;

  double At(double boxes) const {
    return constant.value + boxes * (linear.value + boxes * quadratic.value);
  }
};

/// Ordinary least squares; intervals by the percentile bootstrap over pictures
/// (Efron 1979), as times of one picture are not independent and their spread
/// grows with n. Coefficients are not held to be positive: a negative one says
/// that the curve is flatter than its form. None with fewer than three numbers
/// of boxes. Intervals want two pictures.
std::optional<CostFit> FitCost(std::span<const CostPoint> points,
                               const CostOptions& options = {});

/// The least n >= 0 at which the fit reaches `ns`, with its interval over the
/// same draws; none where it never does. Draws in which it never does stand
/// for infinity, so an upper end may be infinite.
std::optional<CostFigure> BoxesAt(std::span<const CostPoint> points,
                                  double ns,
                                  const CostOptions& options = {});

}  // namespace eyechart::benchmarks
