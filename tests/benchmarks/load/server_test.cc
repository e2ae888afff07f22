#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "benchmarks/load/peak.h"
#include "benchmarks/load/scenario.h"
#include "core/csv.h"
#include "tests/benchmarks/load/synthetic_device.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::SyntheticDevice;
using testing::Takes;
using testing::TakesExponential;

constexpr std::int64_t kMs = 1'000'000;

LoadOptions Server(double rate, std::int64_t queries = 2000) {
  LoadOptions options;
  options.scenario = Scenario::kServer;
  options.min_seconds = 0;
  options.min_queries = queries;
  options.warmup_queries = 0;
  options.server.rate = rate;
  return options;
}

std::string Reasons(const LoadResult& result) {
  std::string reasons;
  for (const Finding& finding : result.findings)
    if (finding.fatal) reasons += finding.reason + "\n";
  return reasons;
}

// Latencies of a first come, first served queue, by its own recursion (Kiefer
// and Wolfowitz 1955; Lindley's with one server).
std::vector<std::int64_t> Queue(const std::vector<std::int64_t>& due,
                                const std::vector<std::int64_t>& service,
                                std::size_t servers) {
  std::vector<std::int64_t> free(servers, 0), latencies;
  for (std::size_t i = 0; i < due.size(); ++i) {
    auto server = std::min_element(free.begin(), free.end());
    *server = std::max(*server, due[i]) + service[i];
    latencies.push_back(*server - due[i]);
  }
  return latencies;
}

TEST(Server, IsTheQueueOfTheBook) {
  for (const int lanes : {1, 2, 5}) {
    VirtualClock clock;
    std::vector<std::int64_t> service;
    Random random(3);
    SyntheticDevice device(
        clock,
        {{"encode", [&](const Query&) {
            service.push_back(static_cast<std::int64_t>(random.Below(4 * kMs)));
            return service.back();
          }}});
    LoadOptions options = Server(480.0 * lanes);  // 96 % of what they can do
    options.lanes = lanes;
    const LoadResult result = RunLoad(device, clock, options);
    std::vector<std::int64_t> due;
    for (const QueryRow& row : result.samples.rows)
      due.push_back(row.scheduled_ns);
    EXPECT_EQ(result.samples.LatenciesNs(),
              Queue(due, service, static_cast<std::size_t>(lanes)));
    // Waiting is a part of the latency, and named.
    ASSERT_EQ(result.stages.stages.size(), 2u);
    EXPECT_EQ(result.stages.stages[0].name, "queue");
    EXPECT_NEAR(result.stages.stages[0].share + result.stages.stages[1].share,
                1, 1e-9);
  }
}

// Coordinated omission: while the device stalls for a second, a load generator
// that waits for it sends nothing and sees one slow query of 2000.
TEST(Server, ChargesAStallToAllWhoCameMeanwhile) {
  VirtualClock clock;
  const auto stalls = [](const Query& query) {
    return query.id == 500 ? 1000 * kMs : kMs;
  };
  SyntheticDevice device(clock, {{"encode", stalls}});
  const LoadOptions options = Server(100);
  const LoadResult result = RunLoad(device, clock, options);
  ASSERT_EQ(result.latency.n, 2000);
  // Some 100 came in that second, on average half of it before its end.
  std::int64_t late = 0;
  double waited = 0;
  const std::int64_t stall = result.samples.rows[500].started_ns;
  for (const QueryRow& row : result.samples.rows) {
    if (row.query <= 500 || row.scheduled_ns > stall + 1000 * kMs) continue;
    ++late;
    waited += static_cast<double>(row.latency_ns) / 1e6;
    EXPECT_GE(row.latency_ns, stall + 1000 * kMs - row.scheduled_ns);
  }
  EXPECT_NEAR(static_cast<double>(late), 100, 40);
  EXPECT_NEAR(waited / static_cast<double>(late), 550, 100);
  EXPECT_GT(*result.latency.p99.value, 500e6);
  // Counted from when they were started, p99 would be the usual 1 ms.
  std::vector<std::int64_t> from_start;
  for (const QueryRow& row : result.samples.rows)
    from_start.push_back(row.latency_ns - row.queue_ns());
  EXPECT_EQ(EstimateLatencies(from_start).p99.value, 1e6);
}

TEST(Server, ComesWhenDueAndNotBefore) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(1)}});
  LoadOptions options = Server(50, 5000);
  options.server.bound_ns = kMs;
  const LoadResult result = RunLoad(device, clock, options);
  EXPECT_TRUE(result.valid()) << Reasons(result);
  for (const QueryRow& row : result.samples.rows)
    EXPECT_GE(row.started_ns, row.scheduled_ns);
  EXPECT_NEAR(result.throughput, 50, 3);  // the rate, not the device's
  LoadOptions other = options;
  other.seeds.arrivals = 77;
  EXPECT_NE(RunLoad(device, clock, other).samples.rows[0].scheduled_ns,
            result.samples.rows[0].scheduled_ns);
}

TEST(Server, JudgesThePercentileAgainstItsBound) {
  // Exponential service, hardly any waiting: p99 is 2.303 * 2 = 4.605 ms.
  const auto run = [](std::int64_t bound, std::int64_t queries) {
    VirtualClock clock;
    SyntheticDevice device(clock, {{"encode", TakesExponential(1e6, 4)}});
    LoadOptions options = Server(1, queries);
    options.server.bound_ns = bound;
    return RunLoad(device, clock, options);
  };
  LoadResult result = run(6 * kMs, 4000);
  EXPECT_TRUE(result.valid()) << Reasons(result);
  ASSERT_TRUE(result.server.has_value());
  // exp(-6) of 4000 are 9.9.
  EXPECT_NEAR(static_cast<double>(result.server->over), 9.9, 12);
  result = run(4 * kMs, 4000);
  EXPECT_NE(Reasons(result).find("over the bound of 4.000 ms"),
            std::string::npos)
      << Reasons(result);
  EXPECT_FALSE(result.valid());
  result = run(6 * kMs, 661);
  EXPECT_NE(Reasons(result).find("662 are needed"), std::string::npos);
}

// Under the bound in the sample, but not surely so: 662 queries may have one
// over it, not six.
TEST(Server, WantsConfidenceOfAPass) {
  for (const std::int64_t slow : {1, 6, 7}) {
    VirtualClock clock;
    const auto cost = [slow](const Query& query) {
      return query.id >= 0 && query.id < slow ? 50 * kMs : kMs;
    };
    SyntheticDevice device(clock, {{"encode", cost}});
    LoadOptions options = Server(0.1, 662);
    options.server.bound_ns = 10 * kMs;
    const LoadResult result = RunLoad(device, clock, options);
    EXPECT_EQ(result.server->over, slow);
    EXPECT_EQ(result.server->allowed_over, 1);
    EXPECT_EQ(result.valid(), slow == 1) << Reasons(result);
    // Rank 656 of 662 is the slowest of the fast ones where six are slow.
    const std::string reasons = Reasons(result);
    EXPECT_EQ(reasons.find("at most 1 may be") != std::string::npos, slow == 6);
    EXPECT_EQ(reasons.find("is 50.000 ms, over") != std::string::npos,
              slow == 7);
  }
}

TEST(Server, StopsWhenLost) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(10 * kMs)}});
  LoadOptions options = Server(200, 100'000);  // twice what it can do
  options.server.bound_ns = 50 * kMs;
  options.server.stop_when_lost = true;
  const LoadResult result = RunLoad(device, clock, options);
  EXPECT_FALSE(result.valid());
  EXPECT_TRUE(result.server->stopped_early);
  EXPECT_EQ(result.server->over, 1001);  // 1000 of 100000 may be over
  EXPECT_LT(result.latency.n, 2000);
  EXPECT_NE(result.findings.front().advice.find("waiting for a lane"),
            std::string::npos);
}

// One exponential server with Poisson arrivals (M/M/1): the time in it is
// exponential of mean 1 / (mu - rate), so p99 <= bound as long as rate <= mu -
// ln(100) / bound. 1000 / s and 20 ms: 769.7 / s.
TEST(FindPeak, FindsTheRateOfTheBook) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", TakesExponential(1e6, 21)}});
  LoadOptions options = Server(0, 100'000);
  options.server.bound_ns = 20 * kMs;
  options.warmup_queries = 10;
  PeakOptions peak;
  peak.start_rate = 100;
  peak.step = 1.02;
  const PeakResult result = FindPeak(device, clock, options, peak);
  ASSERT_TRUE(result.rate.has_value()) << result.reason;
  EXPECT_NEAR(*result.rate, 769.7, 40);
  // It passed twice, the second time with other arrivals.
  int passed = 0;
  for (const PeakTrial& trial : result.trials)
    passed += trial.kept && trial.rate == *result.rate;
  EXPECT_GE(passed, 2);
  ASSERT_TRUE(result.at_peak.has_value());
  EXPECT_TRUE(result.at_peak->valid());
  EXPECT_EQ(result.at_peak->options.server.rate, *result.rate);
  EXPECT_EQ(result.end, PeakEnd::kFound);
  // On the grid.
  const double place = std::log(*result.rate / 100) / std::log(1.02);
  EXPECT_NEAR(place, std::round(place), 1e-6);
}

TEST(FindPeak, StartsFromWhatTheLanesCanDo) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(2 * kMs)}});
  LoadOptions options = Server(0, 5000);
  options.server.bound_ns = 10 * kMs;
  options.lanes = 3;
  const PeakResult result = FindPeak(device, clock, options);
  ASSERT_TRUE(result.rate.has_value()) << result.reason;
  EXPECT_NEAR(result.trials.front().rate, 1500, 1e-6);
  EXPECT_LT(*result.rate, 1500);  // at which the queue grows without end
  EXPECT_GT(*result.rate, 900);
}

// Queries so few that all at once keep the bound: no rate is the highest.
TEST(FindPeak, SaysWhereEveryRateKeepsTheBound) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(kMs)}});
  LoadOptions options = Server(0, 700);
  options.server.bound_ns = 1000 * kMs;
  const PeakResult result = FindPeak(device, clock, options);
  EXPECT_FALSE(result.rate.has_value());
  EXPECT_FALSE(result.at_peak.has_value());
  EXPECT_NE(result.reason.find("kept at any rate: 700 queries"),
            std::string::npos)
      << result.reason;
  EXPECT_LE(result.trials.back().rate, kMostRate);
  EXPECT_GT(result.trials.back().rate, kMostRate / 2.1);
  for (const PeakTrial& trial : result.trials) EXPECT_TRUE(trial.kept);
  EXPECT_EQ(result.end, PeakEnd::kNoLimit);
  // A start so high that no doubling is left, and one that is too high itself.
  PeakOptions peak;
  for (const double start : {0.8 * kMostRate, kMostRate}) {
    peak.start_rate = start;
    const PeakResult near = FindPeak(device, clock, options, peak);
    EXPECT_EQ(near.end, PeakEnd::kNoLimit);
    ASSERT_EQ(near.trials.size(), 1u);
    EXPECT_EQ(near.trials[0].rate, start);
  }
  // Quicker than any rate: the search begins at the highest.
  SyntheticDevice quick(clock, {{"encode", Takes(10)}});
  const PeakResult at_once = FindPeak(quick, clock, options);
  EXPECT_EQ(at_once.end, PeakEnd::kNoLimit);
  EXPECT_EQ(at_once.trials[0].rate, kMostRate);
}

// However many trials there may be: a last one that passed is no sign that all
// rates would.
TEST(FindPeak, SaysWhereTrialsEnd) {
  const auto search = [](int most) {
    VirtualClock clock;
    SyntheticDevice device(clock, {{"encode", Takes(2 * kMs)}});
    LoadOptions options = Server(0, 5000);
    options.server.bound_ns = 10 * kMs;
    PeakOptions peak;
    peak.start_rate = 100;
    peak.max_trials = most;
    return FindPeak(device, clock, options, peak);
  };
  const PeakResult whole = search(64);
  ASSERT_EQ(whole.end, PeakEnd::kFound) << whole.reason;
  const int needed = static_cast<int>(whole.trials.size());
  ASSERT_GT(needed, 3);
  for (int most = 1; most <= needed; ++most) {
    const PeakResult result = search(most);
    EXPECT_EQ(static_cast<int>(result.trials.size()), most);
    EXPECT_EQ(result.rate.has_value(), most == needed) << most;
    EXPECT_EQ(result.at_peak.has_value(), most == needed) << most;
    if (most == needed) {
      EXPECT_EQ(result.end, PeakEnd::kFound);
      EXPECT_EQ(result.rate, whole.rate);
      continue;
    }
    EXPECT_EQ(result.end, PeakEnd::kOutOfTrials) << most;
    EXPECT_NE(result.reason.find("before a rate was confirmed"),
              std::string::npos)
        << result.reason;
  }
  // Its only trial passed, and yet not every rate does.
  EXPECT_TRUE(search(1).trials.back().kept);
}

TEST(FindPeak, KeepsEachQueryOfItsTrials) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", TakesExponential(1e6, 21)}});
  LoadOptions options = Server(0, 700);
  options.server.bound_ns = 20 * kMs;
  PeakOptions peak;
  peak.start_rate = 100;
  const PeakResult whole = FindPeak(device, clock, options, peak);
  const CsvTable table = CsvTable::Parse(PeakSamplesCsv(whole), "samples");
  EXPECT_EQ(table.header(),
            (std::vector<std::string>{"trial", "query", "seed", "pair",
                                      "scheduled_ns", "started_ns",
                                      "latency_ns", "encode_ns"}));
  std::vector<std::int64_t> rows(whole.trials.size(), 0);
  for (std::size_t row = 0; row < table.rows(); ++row)
    ++rows.at(std::stoul(table.at(row, 0)));
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(rows[i], whole.trials[i].queries) << i;
  // With room for two trials and a bit the last two keep theirs.
  peak.most_rows = whole.trials.back().queries +
                   whole.trials[whole.trials.size() - 2].queries + 1;
  const PeakResult few = FindPeak(device, clock, options, peak);
  const std::size_t count = few.trials.size();
  std::int64_t kept = 0;
  for (const PeakTrial& trial : few.trials)
    if (trial.samples.has_value())
      kept += static_cast<std::int64_t>(trial.samples->rows.size());
  EXPECT_LE(kept, peak.most_rows);
  EXPECT_TRUE(few.trials[count - 1].samples.has_value());
  EXPECT_FALSE(few.trials[0].samples.has_value());
  peak.most_rows = 0;
  EXPECT_EQ(PeakSamplesCsv(FindPeak(device, clock, options, peak)), "");
}

// A rate kept the bound once, while the machine was left alone.
TEST(FindPeak, SaysWhereNoneWasConfirmed) {
  VirtualClock clock;
  int asked = 0;
  SyntheticDevice device(clock, {{"encode", [&asked](const Query&) {
                                    return ++asked <= 700 ? kMs : 20 * kMs;
                                  }}});
  LoadOptions options = Server(0, 700);
  options.server.bound_ns = 10 * kMs;
  PeakOptions peak;
  peak.start_rate = 10;
  peak.step = 2;
  const PeakResult result = FindPeak(device, clock, options, peak);
  EXPECT_EQ(result.end, PeakEnd::kNotConfirmed);
  EXPECT_EQ(PeakEndName(result.end), "not-confirmed");
  EXPECT_TRUE(result.trials.front().kept);
  EXPECT_LT(result.trials.size(), 64u);
  EXPECT_FALSE(result.rate.has_value());
  EXPECT_FALSE(result.at_peak.has_value());
  EXPECT_NE(result.reason.find("no rate was confirmed"), std::string::npos)
      << result.reason;
  EXPECT_NE(result.reason.find("10 queries a second, the last that kept"),
            std::string::npos)
      << result.reason;
}

TEST(FindPeak, SaysWhereThereIsNone) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(20 * kMs)}});
  LoadOptions options = Server(0, 700);
  options.server.bound_ns = 10 * kMs;  // slower than its bound at any rate
  PeakOptions peak;
  peak.max_trials = 4;
  const PeakResult result = FindPeak(device, clock, options, peak);
  EXPECT_FALSE(result.rate.has_value());
  EXPECT_EQ(result.trials.size(), 4u);
  EXPECT_EQ(result.end, PeakEnd::kNoRate);
  EXPECT_NE(result.reason.find("no rate kept the bound"), std::string::npos);
  // By itself it ends after halving seven times or so, not after 64.
  const PeakResult by_default = FindPeak(device, clock, options);
  EXPECT_FALSE(by_default.rate.has_value());
  EXPECT_LE(by_default.trials.size(), 9u);
  EXPECT_GE(by_default.trials.back().rate,
            by_default.trials.front().rate / 128);
  options.server.bound_ns.reset();
  EXPECT_NE(testing::InputErrorOf([&] {
              FindPeak(device, clock, options);
            }).find("without one"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
