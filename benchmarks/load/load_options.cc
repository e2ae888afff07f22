#include "benchmarks/load/load_options.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::array<std::pair<Scenario, std::string_view>, 4> kNames = {{
    {Scenario::kSingleStream, "single-stream"},
    {Scenario::kMultiStream, "multi-stream"},
    {Scenario::kServer, "server"},
    {Scenario::kOffline, "offline"},
}};

}  // namespace

std::string_view ScenarioName(Scenario scenario) {
  for (const auto& [kind, name] : kNames)
    if (kind == scenario) return name;
  EYECHART_CHECK(false, "scenario {}", static_cast<int>(scenario));
}

Scenario ParseScenario(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
    names.emplace_back(known);
  }
  ThrowInput("scenario \"{}\" is not one of: {}{}", name,
             fmt::join(names, ", "), DidYouMean(name, names));
}

LoadSeeds LoadSeeds::From(std::uint64_t seed) {
  Random random(seed, 0x10ad);
  LoadSeeds seeds;
  seeds.subset = random.Next();
  seeds.order = random.Next();
  seeds.arrivals = random.Next();
  seeds.pairs = random.Next();
  return seeds;
}

std::int64_t SamplesPerQuery(const LoadOptions& options) {
  if (options.samples_per_query > 0) return options.samples_per_query;
  switch (options.scenario) {
    case Scenario::kMultiStream:
      return 8;
    case Scenario::kOffline:
      return 32;
    default:
      return 1;
  }
}

void RequireValid(const LoadOptions& options) {
  EYECHART_REQUIRE(options.min_seconds >= 0 && options.max_seconds > 0 &&
                       options.min_seconds <= options.max_seconds,
                   "a load run of at least {:g} s and at most {:g} s cannot be",
                   options.min_seconds, options.max_seconds);
  EYECHART_REQUIRE(
      options.min_queries >= 1 && options.min_queries <= options.max_queries,
      "a load run of at least {} queries and at most {} cannot be",
      options.min_queries, options.max_queries);
  EYECHART_REQUIRE(options.warmup_queries >= 0 && options.warmup_seconds >= 0,
                   "warm-up of {} queries and {:g} s; both should be 0 or more",
                   options.warmup_queries, options.warmup_seconds);
  EYECHART_REQUIRE(options.samples_per_query >= 0 && options.samples >= 0,
                   "{} samples a query of {} samples; both should be 0 (the "
                   "default) or more",
                   options.samples_per_query, options.samples);
  EYECHART_REQUIRE(options.scenario != Scenario::kSingleStream ||
                       SamplesPerQuery(options) == 1,
                   "single-stream has one sample a query, not {}; multi-stream "
                   "has several",
                   options.samples_per_query);
  const bool on_lanes = options.scenario == Scenario::kServer ||
                        options.scenario == Scenario::kOffline;
  EYECHART_REQUIRE(options.lanes >= 1 && options.lanes <= 1024,
                   "{} lanes; should be 1 to 1024", options.lanes);
  EYECHART_REQUIRE(on_lanes || options.lanes == 1,
                   "{} has one query at a time, so one lane, not {}; server "
                   "and offline have several",
                   ScenarioName(options.scenario), options.lanes);
  EYECHART_REQUIRE(options.trace_spans >= 0 && options.trace_spans <= (1 << 24),
                   "{} trace spans; should be 0 to {}", options.trace_spans,
                   1 << 24);
  EYECHART_REQUIRE(
      options.estimators.level > 0 && options.estimators.level < 1 &&
          options.estimators.confidence > 0 &&
          options.estimators.confidence < 1,
      "intervals of level {:g} and confidence {:g}; both should be in (0, 1)",
      options.estimators.level, options.estimators.confidence);
  if (options.scenario != Scenario::kServer) return;
  const ServerOptions& server = options.server;
  EYECHART_REQUIRE(server.rate > 0 && server.rate <= kMostRate,
                   "server: rate {:g} queries a second; should be above 0 and "
                   "at most {:g}",
                   server.rate, kMostRate);
  EYECHART_REQUIRE(server.percentile > 0 && server.percentile < 100,
                   "server: percentile {:g}; should be in (0, 100)",
                   server.percentile);
  EYECHART_REQUIRE(server.bound_ns.value_or(1) > 0,
                   "server: latency bound {} ns; should be above 0",
                   server.bound_ns.value_or(0));
}

}  // namespace eyechart::benchmarks
