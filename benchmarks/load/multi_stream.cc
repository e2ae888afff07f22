// Several samples at a time, the next ones when all are answered: a car with
// several cameras. A query's latency is that of its last sample.
#include "benchmarks/load/scenario_plan.h"

namespace eyechart::benchmarks {

ScenarioPlan PlanMultiStream(const LoadOptions& options) {
  return PlanByStopRule(options, 99);  // LoadGen's percentile
}

}  // namespace eyechart::benchmarks
