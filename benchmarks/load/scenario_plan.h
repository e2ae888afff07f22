// What each scenario makes of the options; one file a scenario.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/load/lanes.h"
#include "benchmarks/load/load_options.h"
#include "benchmarks/load/scenario.h"

namespace eyechart::benchmarks {

struct ScenarioPlan {
  std::vector<std::int64_t> arrivals_ns;  // server
  LanePlan lanes;         // `due_ns` is left out: a view of the above
  double percentile = 0;  // what the result rests on; 0: the throughput
};

ScenarioPlan PlanSingleStream(const LoadOptions& options);
ScenarioPlan PlanMultiStream(const LoadOptions& options);
ScenarioPlan PlanServer(const LoadOptions& options);
ScenarioPlan PlanOffline(const LoadOptions& options);

/// The stop rule of what has no schedule: minimum count and time, or a maximum.
ScenarioPlan PlanByStopRule(const LoadOptions& options, double percentile);

/// Whether a server kept its bound: result.server and findings.
void JudgeServer(LoadResult& result, bool stopped_early);

}  // namespace eyechart::benchmarks
