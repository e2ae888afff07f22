// All is there from the start and taken batch by batch: throughput. A batch's
// latency counts from when a lane takes it; from the start it would only say
// how long the run was.
#include "benchmarks/load/scenario_plan.h"

namespace eyechart::benchmarks {

ScenarioPlan PlanOffline(const LoadOptions& options) {
  return PlanByStopRule(options, 0);
}

}  // namespace eyechart::benchmarks
