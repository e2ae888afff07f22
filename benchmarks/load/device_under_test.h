// The seam between what makes load and what bears it: an encoder, an exported
// model, another program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/load/stage_recorder.h"

namespace eyechart::benchmarks {

/// What comes in at once. `samples` index the device's data set and may repeat.
struct Query {
  std::int64_t id = 0;  // from 0; negative in warm-up
  std::span<const std::int64_t> samples;
  int lane = 0;  // one query at a time is on a lane
};

/// What a run will ask for, told before the clock runs.
struct LoadPlan {
  std::span<const std::int64_t> samples;  // the distinct ones, to be loaded
  std::int64_t samples_per_query = 1;
  int lanes = 1;  // Run() is called from so many threads at a time
};

/// Answers one query at a time a lane, on the caller's thread. There is no form
/// for later completion: who works on several queries at once (a batching
/// server, a pipelined GPU) is given as many lanes, and lets their Run() calls
/// wait for one another; the latency is the same and the device owns no
/// threads.
class DeviceUnderTest {
 public:
  virtual ~DeviceUnderTest() = default;

  /// For reports.
  virtual std::string Name() const = 0;

  /// Names of the stages in their order, at most kMaxStages; a stage's index is
  /// what StageRecorder takes. Empty: stages are not told apart.
  virtual std::vector<std::string> Stages() const = 0;

  /// Samples there are.
  virtual std::int64_t SampleCount() const = 0;

  /// Loads samples, makes lanes, allocates: nothing of this is timed. Called
  /// before each run.
  virtual void Prepare(const LoadPlan& plan) = 0;

  /// Returns when the answer is there. A device with work in flight elsewhere
  /// waits for it here, and writes its stages with StageRecorder::Add(). What
  /// it throws ends the run.
  virtual void Run(const Query& query, StageRecorder& recorder) = 0;

  /// Whether each query is answered by a process of its own, which we start: a
  /// GPU has that one's compute context beside ours.
  virtual bool StartsPrograms() const { return false; }
};

}  // namespace eyechart::benchmarks
