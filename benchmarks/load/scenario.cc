#include "benchmarks/load/scenario.h"

#include <algorithm>
#include <cmath>

#include "benchmarks/load/sample_order.h"
#include "benchmarks/load/scenario_plan.h"
#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

ScenarioPlan PlanOf(const LoadOptions& options) {
  switch (options.scenario) {
    case Scenario::kSingleStream:
      return PlanSingleStream(options);
    case Scenario::kMultiStream:
      return PlanMultiStream(options);
    case Scenario::kServer:
      return PlanServer(options);
    case Scenario::kOffline:
      return PlanOffline(options);
  }
  EYECHART_CHECK(false, "scenario {}", static_cast<int>(options.scenario));
}

// Too few queries for what the result rests on, or too short.
void JudgeSize(LoadResult& result, double percentile, bool stopped_early) {
  const LoadOptions& options = result.options;
  const auto n = static_cast<std::int64_t>(result.samples.rows.size());
  if (stopped_early) return;  // lost already
  if (percentile > 0) {
    const std::int64_t needed =
        MinSamples(percentile, options.estimators.confidence);
    if (n < needed)
      result.findings.push_back(
          {true,
           fmt::format("{} queries are too few for the p{:g} that {} rests on: "
                       "{} are needed",
                       n, percentile, ScenarioName(options.scenario), needed),
           fmt::format("take at least {} queries", needed)});
  }
  if (n < options.min_queries)
    result.findings.push_back(
        {true,
         fmt::format("{} queries where at least {} were asked for", n,
                     options.min_queries),
         "raise the maximum of seconds or of queries"});
  if (result.seconds < options.min_seconds)
    result.findings.push_back(
        {true,
         fmt::format("{:.3f} s where at least {:g} s were asked for",
                     result.seconds, options.min_seconds),
         "raise the maximum of queries"});
}

// Whether the device became slower or faster while it was measured.
void JudgeDrift(LoadResult& result) {
  const std::vector<QueryRow>& rows = result.samples.rows;
  const std::size_t third = rows.size() / 3;
  const auto service = [](const QueryRow& row) {
    return static_cast<double>(row.latency_ns - row.queue_ns());
  };
  std::vector<double> first, last;
  for (std::size_t i = 0; i < third; ++i) {
    first.push_back(service(rows[i]));
    last.push_back(service(rows[rows.size() - third + i]));
  }
  const double level = result.options.estimators.level;
  const Estimate before = EstimateMedian(first, level);
  const Estimate after = EstimateMedian(last, level);
  if (!before.ci.has_value() || !after.ci.has_value()) return;  // too few
  const double change = *after.value / *before.value - 1;
  const bool apart =
      before.ci->low > after.ci->high || after.ci->low > before.ci->high;
  if (!apart || std::abs(change) <= result.options.drift_tolerance) return;
  result.findings.push_back(
      {true,
       fmt::format("the device's median time moved by {:+.1f} % from the first "
                   "third of the run to the last ({:g} % may be)",
                   100 * change, 100 * result.options.drift_tolerance),
       change < 0 ? "take a longer warm-up"
                  : "let the machine cool, lock its clocks, or end what else "
                    "runs on it"});
}

void JudgeStages(LoadResult& result) {
  if (result.stages.mismatch.empty()) return;
  result.findings.push_back(
      {true, result.stages.mismatch,
       result.stages.unexplained_median_ns > 0
           ? "have the device enter a stage for all that it does"
           : "have the device time stages that do not overlap"});
}

}  // namespace

ScenarioPlan PlanByStopRule(const LoadOptions& options, double percentile) {
  ScenarioPlan plan;
  plan.percentile = percentile;
  const double min_ns = options.min_seconds * 1e9;
  const double max_ns = options.max_seconds * 1e9;
  const std::int64_t min_count = options.min_queries;
  const std::int64_t max_count = options.max_queries;
  plan.lanes.done = [=](std::int64_t count, std::int64_t elapsed_ns) {
    const auto elapsed = static_cast<double>(elapsed_ns);
    return count >= max_count || elapsed >= max_ns ||
           (count >= min_count && elapsed >= min_ns);
  };
  return plan;
}

LoadResult RunLoad(DeviceUnderTest& device,
                   Clock& clock,
                   const LoadOptions& options) {
  RequireValid(options);
  LoadResult result;
  result.device = device.Name();
  result.options = options;
  result.samples.stages = device.Stages();
  result.samples.seed = options.seed;
  EYECHART_CHECK(result.samples.stages.size() <= kMaxStages, "{} stages",
                 result.samples.stages.size());
  const std::vector<std::int64_t> samples =
      DrawSubset(device.SampleCount(), options.samples, options.seeds.subset);
  EYECHART_REQUIRE(!samples.empty(), "{}: no samples to measure with",
                   result.device);
  ScenarioPlan plan = PlanOf(options);
  plan.lanes.lanes = options.lanes;
  plan.lanes.samples_per_query = SamplesPerQuery(options);
  plan.lanes.warmup_queries = options.warmup_queries;
  plan.lanes.warmup_seconds = options.warmup_seconds;
  plan.lanes.due_ns = plan.arrivals_ns;
  result.overhead = MeasureOverhead(clock, result.samples.stages.size());
  device.Prepare({samples, plan.lanes.samples_per_query, options.lanes});

  LaneResult run = RunLanes(device, clock, plan.lanes, samples,
                            options.seeds.order, options.trace_spans);
  result.samples.rows = std::move(run.rows);
  result.warmup_ns = std::move(run.warmup_ns);
  result.spans = std::move(run.spans);
  result.spans_left_out = run.spans_left_out;
  result.start_ns = run.start_ns;
  result.seconds = static_cast<double>(run.duration_ns) / 1e9;
  const double answered = static_cast<double>(result.samples.rows.size()) *
                          static_cast<double>(plan.lanes.samples_per_query);
  result.throughput = result.seconds > 0 ? answered / result.seconds : 0;
  result.latency =
      EstimateLatencies(result.samples.LatenciesNs(), options.estimators);
  result.stages =
      SummarizeStages(result.samples, options.stage_tolerance,
                      result.overhead.inside_ns, options.estimators.level);
  JudgeSize(result, plan.percentile, run.stopped_early);
  if (options.scenario == Scenario::kServer)
    JudgeServer(result, run.stopped_early);
  JudgeStages(result);
  JudgeDrift(result);
  return result;
}

}  // namespace eyechart::benchmarks
