// One query on lane 0, for what has no scenario: pairs and audits.
#pragma once

#include <cstdint>
#include <span>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/device_under_test.h"
#include "benchmarks/load/sample_table.h"

namespace eyechart::benchmarks {

/// Runs it now; times are from `origin_ns` of the clock.
inline QueryRow TimedQuery(DeviceUnderTest& device,
                           const Clock& clock,
                           StageRecorder& recorder,
                           std::int64_t id,
                           std::span<const std::int64_t> samples,
                           std::int64_t origin_ns) {
  recorder.Start(id);
  const Query query = {id, samples, 0};
  const std::int64_t begin = clock.NowNs();
  device.Run(query, recorder);
  const std::int64_t end = clock.NowNs();
  QueryRow row;
  row.query = id;
  row.scheduled_ns = row.started_ns = begin - origin_ns;
  row.latency_ns = end - begin;
  row.stages = recorder.times();
  return row;
}

}  // namespace eyechart::benchmarks
