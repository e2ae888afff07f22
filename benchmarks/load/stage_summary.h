// Where the time of a run went.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/load/estimators.h"
#include "benchmarks/load/sample_table.h"

namespace eyechart::benchmarks {

struct StageShare {
  std::string name;
  Estimate median_ns;  // of its time a query
  // Its total over the total of all latencies: shares add up, medians do not.
  double share = 0;
  std::int64_t binds = 0;  // queries in which it took the most time
};

struct StageSummary {
  // The device's, in its order; "queue" before them where queries waited for a
  // lane. Empty where the device names no stages.
  std::vector<StageShare> stages;
  std::string binding;  // the stage with the largest share
  // Latency minus queue and stages, over all queries, as a share; negative
  // where stages overlap.
  double unexplained = 0;
  double unexplained_median_ns = 0;  // of a query
  // Why the sum is not the whole within the measurement's error; else empty.
  std::string mismatch;
};

/// `error_ns` is the harness's own time inside a query, `tolerance` the share
/// of the median service time that may go unexplained besides three times that.
StageSummary SummarizeStages(const SampleTable& samples,
                             double tolerance,
                             double error_ns,
                             double level = 0.95);

}  // namespace eyechart::benchmarks
