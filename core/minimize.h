// Minimum of a smooth function of a few variables.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace eyechart {

struct MinimizeOptions {
  double step = 0.5;         // edge of the first simplex, in each variable
  double tolerance = 1e-10;  // of the function between the simplex's vertices
  int max_evaluations = 2000;
};

struct Minimum {
  std::vector<double> x;
  double value = 0;
};

/// Nelder and Mead's simplex (1965), restarted once from where it ends, which
/// frees a collapsed simplex. `f` may return infinity outside its domain, not
/// NaN.
Minimum Minimize(const std::function<double(std::span<const double>)>& f,
                 std::span<const double> start,
                 const MinimizeOptions& options = {});

}  // namespace eyechart
