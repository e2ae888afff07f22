// benchmarks/load on cases of the parity tests:
//   load_probe CASES.json
//     CASES is a list of [name, arguments...]; prints the list of results:
//     ["binomial", k, n, p] -> P(B <= k)
//     ["min_samples", percent, confidence] -> n
//     ["allowed_over", n, percent, confidence] -> count
//     ["ranks", n, q, level] -> [low, high], from 1, or null
//     ["latency", [ns...], method, level] -> of min, median, p90, p95, p99, max
//       [value, low, high], with null for what is missing
//     ["arrivals", rate, min_count, min_seconds, seed] -> [ns...]
//     ["server", [due ns...], [service ns...], lanes] -> [latency ns...] of a
//       device with these times, on a simulated clock
//     ["pairs", [first ns...], [second ns...], blocks, level] -> [ratios...,
//       value, low, high]: both devices take these times in turn
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "benchmarks/load/binomial.h"
#include "benchmarks/load/clock.h"
#include "benchmarks/load/estimators.h"
#include "benchmarks/load/lanes.h"
#include "benchmarks/load/pairs.h"
#include "benchmarks/load/sample_order.h"
#include "core/error.h"
#include "core/json.h"

namespace eyechart::benchmarks {
namespace {

using Times = std::vector<std::int64_t>;

// Takes the times given, one a query, over and over.
class Listed final : public DeviceUnderTest {
 public:
  Listed(VirtualClock& clock, Times times)
      : clock_(clock), times_(std::move(times)) {}
  std::string Name() const override { return "listed"; }
  std::vector<std::string> Stages() const override { return {}; }
  std::int64_t SampleCount() const override { return 1; }
  void Prepare(const LoadPlan&) override {}
  void Run(const Query&, StageRecorder&) override {
    clock_.AdvanceNs(times_[next_++ % times_.size()]);
  }

 private:
  VirtualClock& clock_;
  Times times_;
  std::size_t next_ = 0;
};

Json Triple(const Estimate& estimate) {
  Json json = {nullptr, nullptr, nullptr};
  if (estimate.value.has_value()) json[0] = *estimate.value;
  if (estimate.ci.has_value()) {
    json[1] = estimate.ci->low;
    json[2] = estimate.ci->high;
  }
  return json;
}

Json Latency(const Json& row) {
  EstimatorOptions options;
  options.method = ParsePercentileMethod(row.at(2).get<std::string>());
  options.level = row.at(3).get<double>();
  const LatencyEstimates found =
      EstimateLatencies(row.at(1).get<Times>(), options);
  return {Triple(found.min), Triple(found.median), Triple(found.p90),
          Triple(found.p95), Triple(found.p99),    Triple(found.max)};
}

Json Server(const Json& row) {
  VirtualClock clock;
  const auto due = row.at(1).get<Times>();
  Listed device(clock, row.at(2).get<Times>());
  LanePlan plan;
  plan.due_ns = due;
  plan.lanes = row.at(3).get<int>();
  const Times samples = {0};
  Json latencies = Json::array();
  for (const QueryRow& answered :
       RunLanes(device, clock, plan, samples, 0, 0).rows)
    latencies.push_back(answered.latency_ns);
  return latencies;
}

Json Pairs(const Json& row) {
  VirtualClock clock;
  Listed first(clock, row.at(1).get<Times>());
  Listed second(clock, row.at(2).get<Times>());
  PairOptions options;
  options.blocks = row.at(3).get<int>();
  options.level = row.at(4).get<double>();
  options.warmup_queries = 0;
  const PairResult found = RunPairs(first, second, clock, options);
  Json json = found.ratios;
  for (const Json& part : Triple(found.ratio)) json.push_back(part);
  return json;
}

Json ResultOf(const Json& row) {
  const auto name = row.at(0).get<std::string>();
  const auto whole = [&row](std::size_t i) {
    return row.at(i).get<std::int64_t>();
  };
  const auto number = [&row](std::size_t i) { return row.at(i).get<double>(); };
  if (name == "binomial") return BinomialCdf(whole(1), whole(2), number(3));
  if (name == "min_samples") return MinSamples(number(1), number(2));
  if (name == "allowed_over")
    return AllowedOver(whole(1), number(2), number(3));
  if (name == "ranks") {
    const auto ranks =
        QuantileRanks(row.at(1).get<std::size_t>(), number(2), number(3));
    if (!ranks.has_value()) return nullptr;
    return {ranks->first, ranks->second};
  }
  if (name == "latency") return Latency(row);
  if (name == "server") return Server(row);
  if (name == "pairs") return Pairs(row);
  EYECHART_REQUIRE(name == "arrivals", "case \"{}\" is not known", name);
  return PoissonArrivals(number(1), whole(2), number(3), 1 << 22,
                         row.at(4).get<std::uint64_t>());
}

}  // namespace
}  // namespace eyechart::benchmarks

int main(int argc, char** argv) {
  try {
    eyechart::Json results = eyechart::Json::array();
    if (argc == 2)
      for (const auto& row : eyechart::ReadJsonFile(argv[1]))
        results.push_back(eyechart::benchmarks::ResultOf(row));
    std::puts(results.dump().c_str());
    return argc == 2 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load_probe: %s\n", error.what());
    return 1;
  }
}
