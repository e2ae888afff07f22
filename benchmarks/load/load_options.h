// What a run of a load scenario is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "benchmarks/load/estimators.h"

namespace eyechart::benchmarks {

/// After MLPerf's LoadGen (mlcommons/inference, loadgen/test_settings.h).
enum class Scenario {
  kSingleStream,  // the next query comes when the last is answered
  kMultiStream,   // the same with several samples a query
  kServer,        // queries come at random times, whatever is still running
  kOffline,       // all is there at once, taken batch by batch
};

/// "single-stream", "multi-stream", "server" or "offline".
std::string_view ScenarioName(Scenario scenario);
/// Throws InputError listing the names.
Scenario ParseScenario(std::string_view name);

/// Each kind of chance has a seed of its own, so that one can be changed and
/// the others kept.
struct LoadSeeds {
  std::uint64_t subset = 0;    // which samples are used
  std::uint64_t order = 0;     // in which order they come
  std::uint64_t arrivals = 0;  // when queries come (server)
  std::uint64_t pairs = 0;     // which side of a pair goes first

  /// Four independent ones out of one.
  static LoadSeeds From(std::uint64_t seed);
};

/// Queries a second that are asked for at most: below 100 ns apart the clock
/// itself is in the way.
inline constexpr double kMostRate = 1e7;

struct ServerOptions {
  // Queries a second, on average.
  double rate = 0;
  // Latency that `percentile` of the queries must keep, ns; none: rate and
  // latencies are reported and nothing is judged. LoadGen's is 15 ms for
  // ResNet-50.
  std::optional<std::int64_t> bound_ns;
  double percentile = 99;
  // Ends once so many queries were late that no rest can make up for them: what
  // a search for the peak rate wants.
  bool stop_when_lost = false;
};

struct LoadOptions {
  Scenario scenario = Scenario::kSingleStream;
  // A run ends when it has lasted this long and has had that many queries:
  // LoadGen's defaults (MLPerf's submissions take 600 s).
  double min_seconds = 10;
  std::int64_t min_queries = 100;
  // It ends here in any case; a run cut short is not valid.
  double max_seconds = 3600;
  std::int64_t max_queries = std::int64_t{1} << 22;  // some 200 bytes each
  // Queries each lane answers before the clock runs, kept apart from the
  // others; more of them until warmup_seconds are over. PyTorch allocates and
  // picks kernels in the first few.
  std::int64_t warmup_queries = 10;
  double warmup_seconds = 0;
  // 0: one for single-stream and server, 8 for multi-stream (as LoadGen), 32
  // for offline, where it is the batch.
  std::int64_t samples_per_query = 0;
  // Distinct samples in use; 0: all that the device has.
  std::int64_t samples = 0;
  // Queries under way at a time (server, offline); each is a thread.
  int lanes = 1;
  ServerOptions server;
  std::uint64_t seed = 0;  // what `seeds` were made from, for the raw samples
  LoadSeeds seeds = LoadSeeds::From(0);
  EstimatorOptions estimators;
  // Stage spans kept for a trace, a lane; 0: none. 32 bytes each.
  std::int64_t trace_spans = 0;
  // Share of the latency that stages may leave unexplained.
  double stage_tolerance = 0.02;
  // Share that latency or throughput may move between the first and the last
  // third of a run.
  double drift_tolerance = 0.05;
};

/// samples_per_query with its default put in.
std::int64_t SamplesPerQuery(const LoadOptions& options);

/// Throws InputError for what cannot be run, naming the option.
void RequireValid(const LoadOptions& options);

}  // namespace eyechart::benchmarks
