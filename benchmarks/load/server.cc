// Queries come at random (a Poisson process), whatever is still running: users
// who do not know of one another. Latencies count from when a query was due, so
// that a device that stalls is charged for all who came meanwhile (no
// coordinated omission).
#include <algorithm>

#include "benchmarks/load/sample_order.h"
#include "benchmarks/load/scenario_plan.h"
#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

std::string Milliseconds(double ns) {
  return fmt::format("{:.3f} ms", ns / 1e6);
}

// Queries a run needs before `over` late ones are few enough.
std::int64_t Needed(std::int64_t over, const LoadOptions& options) {
  std::int64_t n = 2;
  const auto allowed = [&options](std::int64_t count) {
    return AllowedOver(count, options.server.percentile,
                       options.estimators.confidence);
  };
  while (n < options.max_queries && allowed(n) < over) n *= 2;
  std::int64_t low = n / 2;
  while (n - low > 1) {
    const std::int64_t middle = low + (n - low) / 2;
    (allowed(middle) >= over ? n : low) = middle;
  }
  return n;
}

// Where the time of the late ones goes: what to change.
std::string LateAdvice(const LoadResult& result) {
  double queue = 0, latency = 0;
  for (const QueryRow& row : result.samples.rows) {
    queue += static_cast<double>(row.queue_ns());
    latency += static_cast<double>(row.latency_ns);
  }
  const double share = latency > 0 ? queue / latency : 0;
  if (share > 0.5)
    return fmt::format(
        "{:.0f} % of the latency is waiting for a lane: lower "
        "the rate or add lanes",
        100 * share);
  return fmt::format(
      "{:.0f} % of the latency is the device's own: only a "
      "faster device or a wider bound would help",
      100 * (1 - share));
}

}  // namespace

ScenarioPlan PlanServer(const LoadOptions& options) {
  ScenarioPlan plan;
  plan.arrivals_ns = PoissonArrivals(options.server.rate, options.min_queries,
                                     options.min_seconds, options.max_queries,
                                     options.seeds.arrivals);
  plan.percentile = options.server.percentile;
  if (options.server.bound_ns.has_value() && options.server.stop_when_lost) {
    plan.lanes.late_ns = options.server.bound_ns;
    // With one more over the bound the percentile itself is.
    const std::size_t n = plan.arrivals_ns.size();
    plan.lanes.allowed_late = static_cast<std::int64_t>(
        n - PercentileRank(n, options.server.percentile,
                           options.estimators.method));
  }
  return plan;
}

void JudgeServer(LoadResult& result, bool stopped_early) {
  const LoadOptions& options = result.options;
  const ServerOptions& server = options.server;
  if (!server.bound_ns.has_value()) return;
  ServerVerdict verdict;
  verdict.stopped_early = stopped_early;
  const std::vector<std::int64_t> latencies = result.samples.LatenciesNs();
  const auto n = static_cast<std::int64_t>(latencies.size());
  verdict.over = std::count_if(
      latencies.begin(), latencies.end(),
      [&server](std::int64_t latency) { return latency > *server.bound_ns; });
  verdict.allowed_over =
      AllowedOver(n, server.percentile, options.estimators.confidence);
  const std::string name = fmt::format("p{:g}", server.percentile);
  const std::string bound = Milliseconds(static_cast<double>(*server.bound_ns));
  if (stopped_early) {
    verdict.percentile_ns.reason = "the run stopped early";
    result.findings.push_back(
        {true,
         fmt::format("{} is over the bound of {}: {} of the first {} queries "
                     "were, after which the run stopped",
                     name, bound, verdict.over, n),
         LateAdvice(result)});
  } else {
    std::vector<double> sorted(latencies.begin(), latencies.end());
    std::sort(sorted.begin(), sorted.end());
    verdict.percentile_ns =
        EstimatePercentile(sorted, server.percentile, options.estimators);
    const auto& value = verdict.percentile_ns.value;
    verdict.kept = value.has_value() &&
                   *value <= static_cast<double>(*server.bound_ns) &&
                   verdict.over <= verdict.allowed_over;
    if (value.has_value() && *value > static_cast<double>(*server.bound_ns)) {
      result.findings.push_back({true,
                                 fmt::format("{} is {}, over the bound of {}",
                                             name, Milliseconds(*value), bound),
                                 LateAdvice(result)});
    } else if (value.has_value() && verdict.over > verdict.allowed_over) {
      result.findings.push_back(
          {true,
           fmt::format("{} is {}, under the bound of {}, but {} of {} queries "
                       "were over it and at most {} may be to say so with {:g} "
                       "% confidence",
                       name, Milliseconds(*value), bound, verdict.over, n,
                       verdict.allowed_over,
                       100 * options.estimators.confidence),
           fmt::format("with that many late ones take at least {} queries, or "
                       "a longer run: they may be more then",
                       Needed(verdict.over, options))});
    }
  }
  result.server = verdict;
}

}  // namespace eyechart::benchmarks
