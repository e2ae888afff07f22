// Sums and grids that come out as NumPy's do, to the bit.
#pragma once

#include <span>
#include <vector>

namespace eyechart::detection {

/// numpy.linspace(start, stop, n): `i * step + start`, the last exactly `stop`.
/// 0.9 among the IoU thresholds is 0.8999999999999999 for this.
std::vector<double> Linspace(double start, double stop, int n);

/// numpy.mean of contiguous float64: pairwise summation in blocks of 8192.
/// NaN of nothing.
double NumpyMean(std::span<const double> values);

}  // namespace eyechart::detection
