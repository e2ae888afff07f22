#include "probes/heads/schedule.h"

#include <cmath>
#include <numbers>

#include "core/error.h"

namespace eyechart::probes {

double RateAt(const Schedule& schedule, double peak, std::int64_t step) {
  EYECHART_CHECK(
      step >= 0 && step < schedule.steps && schedule.warmup < schedule.steps,
      "step {} of {}, {} to warm up", step, schedule.steps, schedule.warmup);
  if (step < schedule.warmup)
    return peak * static_cast<double>(step + 1) /
           static_cast<double>(schedule.warmup + 1);
  const double t = static_cast<double>(step - schedule.warmup) /
                   static_cast<double>(schedule.steps - schedule.warmup);
  return schedule.floor +
         (peak - schedule.floor) * (1 + std::cos(std::numbers::pi * t)) / 2;
}

}  // namespace eyechart::probes
