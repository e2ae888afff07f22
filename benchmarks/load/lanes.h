// Runs queries on lanes: what all scenarios share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/device_under_test.h"
#include "benchmarks/load/load_options.h"
#include "benchmarks/load/sample_table.h"

namespace eyechart::benchmarks {

/// What a scenario makes of its options.
struct LanePlan {
  int lanes = 1;
  std::int64_t samples_per_query = 1;
  std::int64_t warmup_queries = 0;  // a lane
  double warmup_seconds = 0;
  // Times from the start at which queries are due, ascending, with latencies
  // counted from them; empty: each is due when a lane is free.
  std::span<const std::int64_t> due_ns;
  // Whether no further query is to start, given how many have and the ns since
  // the start. Asked only where none is due at a set time.
  std::function<bool(std::int64_t, std::int64_t)> done;
  // Latencies over it are counted, and more than `allowed_late` end the run.
  std::optional<std::int64_t> late_ns;
  std::int64_t allowed_late = 0;
};

struct LaneResult {
  std::vector<QueryRow> rows;                 // by query
  std::vector<std::int64_t> warmup_ns;        // latencies, a lane after another
  std::int64_t duration_ns = 0;               // start to the last answer
  std::int64_t start_ns = 0;                  // of the clock
  bool stopped_early = false;                 // too many were late
  std::vector<std::vector<StageSpan>> spans;  // a lane
  std::int64_t spans_left_out = 0;
};

/// A lane takes the next query when it is free, waits until it is due, and runs
/// it: no query waits for one behind it, and one that had to wait for a free
/// lane has waited as part of its latency. With one lane all runs on the
/// caller's thread, else on a thread a lane; with a simulated clock in turn.
/// All lanes are warm before the clock starts. The device has been prepared.
/// What the device throws, and an interrupt, ends all lanes and is thrown.
LaneResult RunLanes(DeviceUnderTest& device,
                    Clock& clock,
                    const LanePlan& plan,
                    std::span<const std::int64_t> samples,
                    std::uint64_t order_seed,
                    std::int64_t trace_spans);

}  // namespace eyechart::benchmarks
