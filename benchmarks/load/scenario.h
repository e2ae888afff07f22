// A run of a load scenario: latencies, where they went, and whether the result
// may be believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/device_under_test.h"
#include "benchmarks/load/estimators.h"
#include "benchmarks/load/finding.h"
#include "benchmarks/load/load_options.h"
#include "benchmarks/load/overhead.h"
#include "benchmarks/load/sample_table.h"
#include "benchmarks/load/stage_summary.h"

namespace eyechart::benchmarks {

/// Of a server run with a latency bound.
struct ServerVerdict {
  Estimate percentile_ns;         // the one that is bounded
  std::int64_t over = 0;          // queries over the bound
  std::int64_t allowed_over = 0;  // AllowedOver() of them; negative: too few
  bool stopped_early = false;
  bool kept = false;  // the bound, surely; findings say why not
};

struct LoadResult {
  std::string device;
  LoadOptions options;
  SampleTable samples;
  std::vector<std::int64_t> warmup_ns;  // latencies before the clock ran
  double seconds = 0;                   // start to the last answer
  double throughput = 0;                // samples a second over that time
  LatencyEstimates latency;
  StageSummary stages;
  Overhead overhead;
  std::optional<ServerVerdict> server;
  std::optional<std::int64_t> peak_memory_bytes;  // by who watches the machine
  std::vector<Finding> findings;
  std::int64_t start_ns = 0;                  // of the clock, for the spans
  std::vector<std::vector<StageSpan>> spans;  // a lane, as far as kept
  std::int64_t spans_left_out = 0;

  bool valid() const { return IsValid(findings); }
};

/// Prepares the device and runs `options.scenario` on it. Throws InputError for
/// options that cannot be run and what the device throws; all else is a result,
/// valid or not.
LoadResult RunLoad(DeviceUnderTest& device,
                   Clock& clock,
                   const LoadOptions& options);

}  // namespace eyechart::benchmarks
