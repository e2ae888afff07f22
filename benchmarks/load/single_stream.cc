// One sample at a time, the next when the last is answered: a camera, a user.
#include "benchmarks/load/scenario_plan.h"

namespace eyechart::benchmarks {

ScenarioPlan PlanSingleStream(const LoadOptions& options) {
  return PlanByStopRule(options, 90);  // LoadGen's percentile
}

}  // namespace eyechart::benchmarks
