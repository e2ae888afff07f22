#include "probes/heads/percentile_interval.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace eyechart::probes {

Interval PercentileInterval(std::vector<double> draws,
                            double level,
                            const std::string& method) {
  draws.erase(std::remove_if(draws.begin(), draws.end(),
                             [](double v) { return !std::isfinite(v); }),
              draws.end());
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (draws.empty()) return {kNone, kNone, level, method};
  std::sort(draws.begin(), draws.end());
  const auto quantile = [&draws](double p) {
    const double place = p * static_cast<double>(draws.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, draws.size() - 1);
    return draws[below] +
           (place - static_cast<double>(below)) * (draws[above] - draws[below]);
  };
  return {quantile(0.5 - level / 2), quantile(0.5 + level / 2), level, method};
}

}  // namespace eyechart::probes
