// What does change while we measure: who else is at work, and the clocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/finding.h"
#include "benchmarks/load/gpu_watch.h"
#include "benchmarks/load/system_files.h"
#include "core/json.h"

namespace eyechart::benchmarks {

struct MachineState {
  // Ticks of all threads since the machine started; 0 where unknown.
  std::int64_t total_ticks = 0;
  std::int64_t busy_ticks = 0;
  std::int64_t steal_ticks = 0;  // taken by the host of a virtual machine
  // This process and the children that it has waited for, user and system: of
  // `bench --command` they are what is measured.
  std::int64_t own_ticks = 0;
  std::int64_t throttled = 0;   // times that the container was stopped
  std::optional<double> load1;  // load average of a minute
  // The fastest thread's clock now: idle ones tell nothing.
  std::optional<double> mhz;
  // Best time of a fixed computation: clocks that a guest cannot see. 0: not
  // taken.
  double probe_ns = 0;
};

/// Without the probe.
MachineState ReadMachineState(const SystemFiles& files = SystemFiles());

/// Best of `tries` runs of some ms of multiplications that wait for one another
/// and touch no memory, so that only the clock can change their time.
double ProbeClockNs(const Clock& clock, int tries = 7);

struct BusyOptions {
  double max_load = 0.5;    // load average over usable threads, before
  double max_other = 0.1;   // share of all threads that others use, meanwhile
  double max_steal = 0.02;  // share that the host takes, meanwhile
  double max_clock = 0.05;  // share by which clocks may move
};

/// Before a run. The load average also counts what we did ourselves in the
/// minutes before: who runs many cells looks at it once.
std::vector<Finding> JudgeLoad(const MachineState& now,
                               std::int64_t usable_threads,
                               const BusyOptions& options = {});

/// After it: others at work, time stolen, clocks moved, container stopped.
std::vector<Finding> JudgeMeanwhile(const MachineState& before,
                                    const MachineState& after,
                                    const BusyOptions& options = {});

/// Turns what is fatal into warnings if `allow`; else throws InputError with
/// the reasons, what would help, and that --allow would measure all the same.
std::vector<Finding> RefuseOrWarn(std::vector<Finding> findings, bool allow);

/// Looks at the machine before and after a run, and at its GPUs meanwhile too.
class MachineWatch {
 public:
  /// Reads the state and starts the peak of memory anew. `gpus` are those that
  /// the run is on: of another one nothing matters.
  explicit MachineWatch(const Clock& clock,
                        SystemFiles files = SystemFiles(),
                        const BusyOptions& options = {},
                        const GpuWatchOptions& gpus = {});

  struct Report {
    MachineState before, after;
    std::vector<GpuTrace> gpus;
    std::vector<Finding> findings;
    std::optional<std::int64_t> peak_memory_bytes;  // resident, of the process
  };
  /// With the work just done.
  Report Finish() const;

 private:
  MachineState Read() const;

  const Clock& clock_;
  SystemFiles files_;
  BusyOptions options_;
  GpuLimits gpu_limits_;
  MachineState before_;
  std::unique_ptr<GpuWatch> gpus_;  // none: no GPU is in use
};

/// Clocks, loads and shares before and after, for a record's own environment:
/// they are not part of the fingerprint.
Json MeanwhileJson(const MachineState& before, const MachineState& after);

/// The same with "gpus": GpuTraceJson of each.
Json MeanwhileJson(const MachineWatch::Report& report);

}  // namespace eyechart::benchmarks
