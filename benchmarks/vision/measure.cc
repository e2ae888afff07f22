#include "benchmarks/vision/measure.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "benchmarks/gpus.h"
#include "benchmarks/load/estimators.h"
#include "benchmarks/load/machine.h"
#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

// Enough that the percentile may be told, with room for a slow one or two.
std::int64_t DefaultQueries(const LoadOptions& options) {
  switch (options.scenario) {
    case Scenario::kSingleStream:
      return 100;
    case Scenario::kMultiStream:
      return MinSamples(99, options.estimators.confidence);
    case Scenario::kServer:
      return std::max<std::int64_t>(
          100,
          MinSamples(options.server.percentile, options.estimators.confidence));
    case Scenario::kOffline:
      return 10;
  }
  EYECHART_CHECK(false, "scenario {}", static_cast<int>(options.scenario));
}

// A query that never waits, at the percentile that is bounded: ns. Where it is
// over the bound, no rate is low enough, and a search would go down without
// end.
double AloneNs(DeviceUnderTest& device, Clock& clock, LoadOptions load) {
  load.scenario = SamplesPerQuery(load) > 1 ? Scenario::kMultiStream
                                            : Scenario::kSingleStream;
  load.lanes = 1;
  load.min_seconds = 0;
  load.min_queries = std::min<std::int64_t>(100, load.max_queries);
  load.trace_spans = 0;
  std::vector<std::int64_t> latencies =
      RunLoad(device, clock, load).samples.LatenciesNs();
  std::sort(latencies.begin(), latencies.end());
  const std::size_t rank = PercentileRank(
      latencies.size(), load.server.percentile, load.estimators.method);
  return static_cast<double>(latencies[rank - 1]);
}

std::string PeakAdvice(PeakEnd end) {
  switch (end) {
    case PeakEnd::kNoLimit:
      return "raise --min-queries or --min-seconds, or lower --bound-ms";
    case PeakEnd::kOutOfTrials:
      return "begin near it, with --target-rate";
    case PeakEnd::kNotConfirmed:
      return "raise --min-queries or --min-seconds, so that a rate is not kept "
             "by chance, and leave the machine alone meanwhile";
    case PeakEnd::kFound:
    case PeakEnd::kNoRate:
      break;
  }
  return "allow a longer latency, or take a faster model or machine";
}

// The search and its last run; where no rate is kept, a run at one that is not,
// so that there is something to look at.
void MeasurePeak(DeviceUnderTest& device,
                 Clock& clock,
                 LoadOptions load,
                 const PeakOptions& options,
                 Measured& measured) {
  PeakResult& peak = measured.peak.emplace();
  const double alone = AloneNs(device, clock, load);
  const auto bound = static_cast<double>(*load.server.bound_ns);
  if (alone <= bound) {
    peak = FindPeak(device, clock, load, options);
  } else {
    peak.reason = fmt::format(
        "a query that never waits takes {:.3f} ms at p{:g}, over the bound of "
        "{:.3f} ms",
        alone / 1e6, load.server.percentile, bound / 1e6);
  }
  if (peak.at_peak.has_value()) {
    measured.load = *std::exchange(peak.at_peak, {});
    return;
  }
  load.server.rate =
      peak.trials.empty() ? 1e9 / alone : peak.trials.back().rate;
  load.server.stop_when_lost = true;
  measured.load = RunLoad(device, clock, load);
  measured.load.findings.push_back(
      {true, "no highest rate: " + peak.reason, PeakAdvice(peak.end)});
}

GpuWatchOptions GpuWatchOptionsOf(const std::string& device,
                                  int own_contexts = 1) {
  GpuWatchOptions options;
  options.own_contexts = own_contexts;
  options.gpus = GpusToWatch({device});
  return options;
}

c10::DeviceAllocator* AllocatorOf(const c10::Device& device) {
  return device.is_cpu() ? nullptr : c10::getDeviceAllocator(device.type());
}

}  // namespace

std::vector<Scenario> ParseScenarios(const std::string& text) {
  std::vector<Scenario> scenarios;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const Scenario scenario =
        ParseScenario(std::string_view(text).substr(begin, comma - begin));
    EYECHART_REQUIRE(std::find(scenarios.begin(), scenarios.end(), scenario) ==
                         scenarios.end(),
                     "scenario \"{}\" is there twice", ScenarioName(scenario));
    scenarios.push_back(scenario);
    begin = comma + 1;
  }
  return scenarios;
}

LoadOptions LoadOptionsOf(const MeasureOptions& options, Scenario scenario) {
  LoadOptions load = options.load;
  load.scenario = scenario;
  const bool several = options.scenarios.size() > 1;
  if (several && scenario == Scenario::kSingleStream)
    load.samples_per_query = 1;
  if (several && (scenario == Scenario::kSingleStream ||
                  scenario == Scenario::kMultiStream))
    load.lanes = 1;
  if (load.min_queries == 0) load.min_queries = DefaultQueries(load);
  load.max_queries = std::max(load.max_queries, load.min_queries);
  if (scenario == Scenario::kServer && options.find_peak) {
    EYECHART_REQUIRE(load.server.bound_ns.has_value(),
                     "--find-peak needs --bound-ms, the latency that the rate "
                     "has to keep");
    if (load.server.rate == 0) load.server.rate = 1;  // not looked at
  }
  EYECHART_REQUIRE(scenario != Scenario::kServer || load.server.rate > 0,
                   "scenario server needs --target-rate, queries a second "
                   "(above 0), or --find-peak with --bound-ms");
  RequireValid(load);
  return load;
}

std::vector<Finding> JudgeBefore(bool allow, const std::string& device) {
  const Machine machine = ReadMachine();
  std::vector<Finding> findings = JudgeBuild(ReadBuild());
  for (const std::vector<Finding>& more :
       {JudgeMachine(machine),
        JudgeLoad(ReadMachineState(), machine.usable_threads),
        JudgeGpusBefore(GpuWatchOptionsOf(device))})
    findings.insert(findings.end(), more.begin(), more.end());
  return RefuseOrWarn(std::move(findings), allow);
}

MachineWatch WatchMachine(const Clock& clock,
                          const std::string& device,
                          int own_contexts) {
  return MachineWatch(clock, SystemFiles(), {},
                      GpuWatchOptionsOf(device, own_contexts));
}

int OwnContexts(const DeviceUnderTest& device, int lanes) {
  return device.StartsPrograms() ? 1 + lanes : 1;
}

Measured Measure(DeviceUnderTest& device,
                 Clock& clock,
                 const MeasureOptions& options,
                 Scenario scenario,
                 const std::vector<Finding>& before,
                 const c10::Device& memory) {
  const LoadOptions load = LoadOptionsOf(options, scenario);
  c10::DeviceAllocator* allocator = AllocatorOf(memory);
  if (allocator != nullptr && allocator->initialized())
    allocator->resetPeakStats(memory.index());
  Measured measured;
  const MachineWatch watch =
      WatchMachine(clock, memory.str(), OwnContexts(device, load.lanes));
  if (scenario == Scenario::kServer && options.find_peak) {
    PeakOptions peak = options.peak;
    peak.start_rate = options.load.server.rate;
    MeasurePeak(device, clock, load, peak, measured);
  } else {
    measured.load = RunLoad(device, clock, load);
  }
  MachineWatch::Report report = watch.Finish();
  measured.load.peak_memory_bytes = report.peak_memory_bytes;
  measured.meanwhile = MeanwhileJson(report);
  if (options.allow)
    report.findings = RefuseOrWarn(std::move(report.findings), true);
  std::vector<Finding>& findings = measured.load.findings;
  findings.insert(findings.end(), report.findings.begin(),
                  report.findings.end());
  findings.insert(findings.end(), before.begin(), before.end());
  if (allocator != nullptr && allocator->initialized())
    // The first is the sum over small and large blocks.
    measured.device_peak_bytes =
        allocator->getDeviceStats(memory.index()).allocated_bytes[0].peak;
  return measured;
}

MeasuredAudit MeasureAudit(DeviceUnderTest& device,
                           Clock& clock,
                           const AuditOptions& options,
                           const c10::Device& memory,
                           bool allow) {
  MeasuredAudit measured;
  const MachineWatch watch =
      WatchMachine(clock, memory.str(), OwnContexts(device, 1));
  measured.audit = AuditCaches(device, clock, options);
  MachineWatch::Report report = watch.Finish();
  measured.meanwhile = MeanwhileJson(report);
  measured.findings = std::move(report.findings);
  if (allow) measured.findings = RefuseOrWarn(measured.findings, true);
  return measured;
}

Json MeasuredAuditJson(const MeasuredAudit& measured) {
  Json json = AuditJson(measured.audit);
  const Json found = FindingsJson(measured.findings);
  for (const char* key : {"valid", "reasons", "advice"}) json[key] = found[key];
  for (const Json& warning : found["warnings"])
    json["warnings"].push_back(warning);
  json["meanwhile"] = measured.meanwhile;
  return json;
}

Json MeasuredJson(const Measured& measured, const BenchSetting& setting) {
  Json json = LoadJson(measured.load, setting);
  json["device_peak_memory_bytes"] = measured.device_peak_bytes.has_value()
                                         ? Json(*measured.device_peak_bytes)
                                         : Json();
  json["meanwhile"] = measured.meanwhile;
  if (measured.peak.has_value()) json["peak"] = PeakJson(*measured.peak);
  return json;
}

}  // namespace eyechart::benchmarks
