// Student's t distribution: what the mean of a few seeds is judged by.
#pragma once

#include <span>

#include "core/statistics.h"

namespace eyechart {

/// P(T <= t) with `df` degrees of freedom, df > 0 (relative error of the
/// smaller tail below 1e-9 for df up to 10^6, where it is nearly normal): the
/// regularised incomplete beta function by Lentz's continued fraction
/// (Abramowitz and Stegun 26.5.8, 26.7.1).
double StudentCdf(double t, double df);

/// The t with StudentCdf(t, df) = p, 0 < p < 1, df >= 1; by bisection, to full
/// precision.
double StudentQuantile(double p, double df);

/// Interval of the mean of `values`, which are taken as normal. [NaN, NaN] of
/// fewer than two.
Interval StudentInterval(std::span<const double> values, double level = 0.95);

}  // namespace eyechart
