#include "reports/gate/estimate_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace eyechart::reports {

double HalfWidth(const Interval& interval, double difference) {
  return std::max(difference - interval.low, interval.high - difference);
}

std::function<double(double, double)> LeastLoss(
    std::function<Interval(double)> interval,
    double difference,
    double least_p,
    std::size_t n) {
  return [interval = std::move(interval), difference, least_p, n](
             double margin, double p) -> double {
    constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
    if (least_p > p || n == 0) return kNever;
    constexpr double kLevel = 0.95;
    const double deviation = HalfWidth(interval(kLevel), difference) /
                             NormalQuantile(0.5 + kLevel / 2);
    const double power = NormalQuantile(kPower) * deviation;
    const double past_margin =
        margin + HalfWidth(interval(1 - p), difference) + power;
    // loss = z sqrt(deviation^2 + loss^2 / n) + power, solved for the loss.
    const double z = NormalQuantile(1 - p / 2);
    const double shrunk = 1 - z * z / static_cast<double>(n);
    if (shrunk <= 0) return kNever;
    const double root =
        std::sqrt(power * power -
                  shrunk * (power * power - z * z * deviation * deviation));
    return std::max(past_margin, (power + root) / shrunk);
  };
}

}  // namespace eyechart::reports
