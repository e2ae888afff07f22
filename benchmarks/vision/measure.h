// Scenarios on a device, with the machine watched: what the command and the
// task kind share.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/load/cache_audit.h"
#include "benchmarks/load/clock.h"
#include "benchmarks/load/load_json.h"
#include "benchmarks/load/load_options.h"
#include "benchmarks/load/machine_state.h"
#include "benchmarks/load/peak.h"
#include "benchmarks/load/scenario.h"

namespace eyechart::benchmarks {

struct MeasureOptions {
  std::vector<Scenario> scenarios = {Scenario::kSingleStream};
  // Of all scenarios; `scenario` is not looked at. min_queries 0: as many as
  // the percentile that the scenario rests on needs (100 for single-stream, 10
  // for offline).
  LoadOptions load;
  bool find_peak = false;    // server: searches the highest rate in the bound
  PeakOptions peak;          // of that; it begins at the server's rate
  bool cache_audit = false;  // asks for the same and for new samples in turn
  // What would refuse a measurement, or make it invalid, on account of build or
  // machine, is a warning.
  bool allow = false;
};

/// "single-stream,server" in its order. Throws InputError for an unknown name,
/// one that is there twice, and none.
std::vector<Scenario> ParseScenarios(const std::string& text);

/// The options that `scenario` runs with: its own count of queries, and one
/// sample and lane where it has but one. Throws InputError as RequireValid
/// does, and for a server without rate, bound or both where they are needed.
LoadOptions LoadOptionsOf(const MeasureOptions& options, Scenario scenario);

/// Whether this build on this machine may measure at all on `device` ("cpu",
/// "cuda:0"): a GPU in use by others is refused as a busy processor is. Throws
/// InputError where not, unless `allow`; returns what is to be said of it.
std::vector<Finding> JudgeBefore(bool allow, const std::string& device = "cpu");

/// Watches the machine and, where `device` is a GPU, that one, for as long as
/// it lives. `own_contexts` is GpuWatchOptions' own.
MachineWatch WatchMachine(const Clock& clock,
                          const std::string& device,
                          int own_contexts = 1);

/// How many processes of a GPU may be ours while `device` answers on so many
/// lanes: this one, and each lane's program where it starts one.
int OwnContexts(const DeviceUnderTest& device, int lanes);

struct Measured {
  LoadResult load;
  std::optional<PeakResult> peak;
  std::optional<std::int64_t> device_peak_bytes;  // of a GPU's memory
  Json meanwhile;  // clocks and loads before and after, and of the GPU
};

/// Runs one scenario. `before` joins its findings. `memory` is the device whose
/// peak is told besides the process's; a GPU is watched meanwhile. Throws
/// InputError, Interrupted.
Measured Measure(DeviceUnderTest& device,
                 Clock& clock,
                 const MeasureOptions& options,
                 Scenario scenario,
                 const std::vector<Finding>& before,
                 const c10::Device& memory);

/// AuditCaches with the machine watched.
struct MeasuredAudit {
  AuditResult audit;
  std::vector<Finding> findings;  // of the machine meanwhile
  Json meanwhile;                 // as in Measured
};

/// `memory` is the device that is watched; with `allow` what the watch finds
/// are warnings. Throws as AuditCaches does.
MeasuredAudit MeasureAudit(DeviceUnderTest& device,
                           Clock& clock,
                           const AuditOptions& options,
                           const c10::Device& memory,
                           bool allow);

/// AuditJson with valid, reasons, advice, all warnings and meanwhile.
Json MeasuredAuditJson(const MeasuredAudit& measured);

/// LoadJson with peak, device's peak and what the machine did meanwhile.
Json MeasuredJson(const Measured& measured, const BenchSetting& setting);

}  // namespace eyechart::benchmarks
