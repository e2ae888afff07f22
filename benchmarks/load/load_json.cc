#include "benchmarks/load/load_json.h"

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/interval_json.h"
#include "core/statistics.h"

namespace eyechart::benchmarks {
namespace {

// JSON has no NaN or infinity.
Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json NumberOrNull(const std::optional<double>& value) {
  return value.has_value() ? Number(*value) : Json();
}

Json Text(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

using Named = std::pair<const char*, const Estimate*>;

std::array<Named, 6> NamedEstimates(const LatencyEstimates& latency) {
  return {Named{"min", &latency.min}, Named{"median", &latency.median},
          Named{"p90", &latency.p90}, Named{"p95", &latency.p95},
          Named{"p99", &latency.p99}, Named{"max", &latency.max}};
}

Json SeedsJson(const LoadOptions& options) {
  return {{"seed", options.seed},
          {"subset", options.seeds.subset},
          {"order", options.seeds.order},
          {"arrivals", options.seeds.arrivals},
          {"pairs", options.seeds.pairs}};
}

Json WarmupJson(const std::vector<std::int64_t>& latencies) {
  const std::vector<double> values(latencies.begin(), latencies.end());
  Json json = {{"queries", values.size()},
               {"median_ns", Number(Median(values))}};
  json["first_ns"] = latencies.empty() ? Json() : Json(latencies.front());
  return json;
}

Json StagesJson(const StageSummary& summary) {
  Json stages = Json::object();
  for (const StageShare& stage : summary.stages)
    stages[stage.name] = {{"median_ns", NumberOrNull(stage.median_ns.value)},
                          {"share", stage.share},
                          {"ci", IntervalJson(stage.median_ns.ci)},
                          {"binds", stage.binds}};
  return stages;
}

Json ServerJson(const LoadResult& result) {
  const ServerOptions& options = result.options.server;
  Json json = {
      {"rate", options.rate},
      {"percentile", options.percentile},
      {"bound_ns",
       options.bound_ns.has_value() ? Json(*options.bound_ns) : Json()}};
  if (!result.server.has_value()) return json;
  json["percentile_ns"] = NumberOrNull(result.server->percentile_ns.value);
  json["over"] = result.server->over;
  json["allowed_over"] = result.server->allowed_over;
  json["kept"] = result.server->kept;
  json["stopped_early"] = result.server->stopped_early;
  return json;
}

}  // namespace

Json EstimateJson(const Estimate& estimate) {
  return {{"value", NumberOrNull(estimate.value)},
          {"ci", IntervalJson(estimate.ci)},
          {"reason", Text(estimate.reason)}};
}

Json FindingsJson(const std::vector<Finding>& findings) {
  Json json = {{"valid", IsValid(findings)}};
  for (const char* list : {"reasons", "advice", "warnings"})
    json[list] = Json::array();
  for (const Finding& finding : findings) {
    if (finding.fatal) {
      json["reasons"].push_back(finding.reason);
      json["advice"].push_back(finding.advice);
    } else {
      json["warnings"].push_back(finding.advice.empty()
                                     ? finding.reason
                                     : finding.reason + "; " + finding.advice);
    }
  }
  return json;
}

Json LoadJson(const LoadResult& result, const BenchSetting& setting) {
  const LoadOptions& options = result.options;
  Json latency = Json::object(), intervals = Json::object();
  Json warnings = Json::array();
  const Json found = FindingsJson(result.findings);
  for (const auto& [name, estimate] : NamedEstimates(result.latency)) {
    latency[name] = NumberOrNull(estimate->value);
    intervals[name] = IntervalJson(estimate->ci);
    if (!estimate->reason.empty()) warnings.push_back(estimate->reason);
  }
  for (const Json& warning : found["warnings"]) warnings.push_back(warning);
  Json json = {
      {"scenario", ScenarioName(options.scenario)},
      {"name", result.device},
      {"dtype", Text(setting.dtype)},
      {"device", Text(setting.device)},
      {"batch", SamplesPerQuery(options)},
      {"n", result.latency.n},
      {"latency_ns", latency},
      {"latency_ci_ns", intervals},
      {"percentile_method", PercentileMethodName(options.estimators.method)},
      {"throughput", Number(result.throughput)},
      {"throughput_unit", "samples/s"},
      {"stages", StagesJson(result.stages)},
      {"binding_stage", Text(result.stages.binding)},
      {"stage_sum",
       {{"unexplained_share", result.stages.unexplained},
        {"unexplained_median_ns", result.stages.unexplained_median_ns},
        {"mismatch", Text(result.stages.mismatch)}}},
      {"valid", found["valid"]},
      {"reasons", found["reasons"]},
      {"advice", found["advice"]},
      {"warnings", warnings},
      {"seconds", result.seconds},
      {"lanes", options.lanes},
      {"seeds", SeedsJson(options)},
      {"warmup", WarmupJson(result.warmup_ns)},
      {"overhead_ns",
       {{"inside", result.overhead.inside_ns},
        {"between", result.overhead.between_ns},
        {"total", result.overhead.total_ns()}}}};
  json["peak_memory_bytes"] = result.peak_memory_bytes.has_value()
                                  ? Json(*result.peak_memory_bytes)
                                  : Json();
  if (options.scenario == Scenario::kServer)
    json["server"] = ServerJson(result);
  return json;
}

Json PeakJson(const PeakResult& result) {
  Json trials = Json::array();
  for (const PeakTrial& trial : result.trials) {
    Json reasons = Json::array();
    for (const Finding& finding : trial.findings)
      if (finding.fatal) reasons.push_back(finding.reason);
    trials.push_back({{"rate", trial.rate},
                      {"kept", trial.kept},
                      {"n", trial.queries},
                      {"percentile_ns", NumberOrNull(trial.percentile_ns)},
                      {"samples_kept", trial.samples.has_value()},
                      {"reasons", reasons}});
  }
  return {{"end", PeakEndName(result.end)},
          {"rate", NumberOrNull(result.rate)},
          {"reason", Text(result.reason)},
          {"trials", trials}};
}

Json PairJson(const PairResult& result) {
  Json json = EstimateJson(result.ratio);
  json["blocks"] = result.ratios.size();
  json["ratios"] = result.ratios;
  return json;
}

Json AuditJson(const AuditResult& result) {
  Json warnings = Json::array();
  for (const Finding& finding : result.findings)
    warnings.push_back(finding.reason + "; " + finding.advice);
  return {{"again_over_repeat", EstimateJson(result.again)},
          {"first_over_again", EstimateJson(result.first)},
          {"again_to_first", EstimateJson(result.again_to_first)},
          {"repeat_to_first", EstimateJson(result.repeat_to_first)},
          {"warnings", warnings}};
}

}  // namespace eyechart::benchmarks
