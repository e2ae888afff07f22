// What the estimates share.
#pragma once

#include <cstddef>
#include <functional>

#include "reports/gate/estimate.h"

namespace eyechart::reports {

/// The wider side of an interval around `difference`.
double HalfWidth(const Interval& interval, double difference);

/// CellEstimate::least_loss by the normal approximation. The loss has to take
/// the whole interval past the margin, and the test past its critical value;
/// for sign tests of `n` differences the loss itself widens the distribution
/// that it is compared with. NaN where `least_p` is above the p asked for.
std::function<double(double, double)> LeastLoss(
    std::function<Interval(double)> interval,
    double difference,
    double least_p,
    std::size_t n);

}  // namespace eyechart::reports
