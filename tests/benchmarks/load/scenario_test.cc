#include "benchmarks/load/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/benchmarks/load/synthetic_device.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::SyntheticDevice;
using testing::Takes;
using testing::TakesExponential;

constexpr std::int64_t kMs = 1'000'000;

LoadOptions Options(Scenario scenario) {
  LoadOptions options;
  options.scenario = scenario;
  options.min_seconds = 0;
  options.min_queries = 662;
  return options;
}

std::string Reasons(const LoadResult& result) {
  std::string reasons;
  for (const Finding& finding : result.findings)
    if (finding.fatal) reasons += finding.reason + "\n";
  return reasons;
}

bool Holds(const Estimate& estimate, double truth) {
  return estimate.ci.has_value() && estimate.ci->low <= truth &&
         truth <= estimate.ci->high;
}

TEST(SingleStream, RecoversAKnownDistribution) {
  VirtualClock clock;
  // Exponential of 10 ms: its median is 10 ln 2, its p90 10 ln 10.
  SyntheticDevice device(clock, {{"encode", TakesExponential(10e6, 5)}});
  LoadOptions options = Options(Scenario::kSingleStream);
  options.min_queries = 5000;
  const LoadResult result = RunLoad(device, clock, options);
  EXPECT_TRUE(result.valid()) << Reasons(result);
  EXPECT_EQ(result.latency.n, 5000);
  EXPECT_TRUE(Holds(result.latency.median, 10e6 * std::log(2)));
  EXPECT_TRUE(Holds(result.latency.p90, 10e6 * std::log(10)));
  EXPECT_TRUE(Holds(result.latency.p99, 10e6 * std::log(100)));
  // 100 a second, with a relative sd of 1 / sqrt(5000).
  EXPECT_NEAR(result.throughput, 100, 6);
}

TEST(SingleStream, FindsKnownOutliers) {
  VirtualClock clock;
  std::int64_t count = 0;
  // Every 40th takes 50 ms, the others 2: no percentile under 97.5 sees it.
  SyntheticDevice device(clock, {{"encode", [&count](const Query&) {
                                    return ++count % 40 == 0 ? 50 * kMs
                                                             : 2 * kMs;
                                  }}});
  const LoadResult result =
      RunLoad(device, clock, Options(Scenario::kSingleStream));
  EXPECT_EQ(result.latency.median.value, 2e6);
  EXPECT_EQ(result.latency.p95.value, 2e6);
  EXPECT_EQ(result.latency.p99.value, 50e6);
  EXPECT_EQ(result.latency.max.value, 50e6);
}

TEST(SingleStream, EndsByCountAndTimeAndSaysWhenItDidNot) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(2 * kMs)}});
  LoadOptions options = Options(Scenario::kSingleStream);
  options.min_seconds = 3;  // 1500 queries
  options.min_queries = 700;
  LoadResult result = RunLoad(device, clock, options);
  EXPECT_EQ(result.latency.n, 1500);
  EXPECT_NEAR(result.seconds, 3, 1e-9);
  EXPECT_TRUE(result.valid()) << Reasons(result);

  options.min_queries = 2000;
  EXPECT_EQ(RunLoad(device, clock, options).latency.n, 2000);

  options.max_queries = 1000;
  options.min_queries = 800;
  result = RunLoad(device, clock, options);
  EXPECT_EQ(result.latency.n, 1000);
  EXPECT_NE(Reasons(result).find("2.000 s where at least 3 s"),
            std::string::npos)
      << Reasons(result);

  options = Options(Scenario::kSingleStream);
  options.min_queries = 63;
  result = RunLoad(device, clock, options);
  EXPECT_FALSE(result.valid());
  EXPECT_NE(Reasons(result).find("64 are needed"), std::string::npos);
  EXPECT_FALSE(result.latency.p90.value.has_value());
  options.min_queries = 64;
  EXPECT_TRUE(RunLoad(device, clock, options).valid());
}

TEST(SingleStream, KeepsWarmUpApart) {
  VirtualClock clock;
  std::int64_t runs = 0;
  SyntheticDevice device(clock, {{"encode", [&runs](const Query&) {
                                    return ++runs <= 7 ? 90 * kMs : kMs;
                                  }}});
  LoadOptions options = Options(Scenario::kSingleStream);
  options.warmup_queries = 7;
  LoadResult result = RunLoad(device, clock, options);
  EXPECT_EQ(result.warmup_ns, std::vector<std::int64_t>(7, 90 * kMs));
  EXPECT_EQ(result.latency.max.value, 1e6);
  // Warm-up by time: 90 queries of 1 ms are more than 89.5 ms.
  options.warmup_seconds = 0.0895;
  result = RunLoad(device, clock, options);
  EXPECT_EQ(result.warmup_ns.size(), 90u);
  // One warm-up too few is seen in the maximum.
  runs = 0;
  options.warmup_seconds = 0;
  options.warmup_queries = 6;
  EXPECT_EQ(RunLoad(device, clock, options).latency.max.value, 90e6);
}

TEST(MultiStream, AsksForSeveralSamplesAtATime) {
  VirtualClock clock;
  SyntheticDevice device(
      clock, {{"encode", [](const Query& query) {
                 return kMs * static_cast<std::int64_t>(query.samples.size());
               }}});
  LoadResult result = RunLoad(device, clock, Options(Scenario::kMultiStream));
  EXPECT_TRUE(result.valid()) << Reasons(result);
  EXPECT_EQ(result.latency.median.value, 8e6);  // LoadGen's 8 samples
  EXPECT_NEAR(result.throughput, 1000, 1e-6);
  LoadOptions options = Options(Scenario::kMultiStream);
  options.samples_per_query = 3;
  EXPECT_EQ(RunLoad(device, clock, options).latency.median.value, 3e6);
  options.min_queries = 661;
  EXPECT_FALSE(RunLoad(device, clock, options).valid());
}

TEST(Offline, LanesWorkSideBySide) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(32 * kMs)}});
  LoadOptions options = Options(Scenario::kOffline);
  options.min_queries = 10;
  LoadResult result = RunLoad(device, clock, options);
  EXPECT_TRUE(result.valid()) << Reasons(result);
  EXPECT_NEAR(result.throughput, 1000, 1e-6);  // batches of 32
  options.lanes = 4;
  options.min_queries = 12;
  result = RunLoad(device, clock, options);
  EXPECT_NEAR(result.throughput, 4000, 1e-6);
  EXPECT_NEAR(result.seconds, 0.096, 1e-9);
  EXPECT_EQ(result.latency.median.value, 32e6);
  std::map<int, int> lanes;
  for (const QueryRow& row : result.samples.rows) ++lanes[row.lane];
  EXPECT_EQ(lanes.size(), 4u);
}

TEST(Load, IsTheSameForTheSameSeedsAndNoOther) {
  const auto asked = [](const LoadSeeds& seeds) {
    VirtualClock clock;
    SyntheticDevice device(clock, {{"encode", Takes(kMs)}}, 1000);
    LoadOptions options = Options(Scenario::kSingleStream);
    options.samples = 50;
    options.seeds = seeds;
    RunLoad(device, clock, options);
    return std::pair{device.prepared, device.asked};
  };
  const LoadSeeds seeds = LoadSeeds::From(1);
  EXPECT_EQ(asked(seeds), asked(seeds));
  LoadSeeds order = seeds;
  order.order = 99;
  EXPECT_EQ(asked(order).first, asked(seeds).first);
  EXPECT_NE(asked(order).second, asked(seeds).second);
  LoadSeeds subset = seeds;
  subset.subset = 99;
  EXPECT_NE(asked(subset).first, asked(seeds).first);
  // Only loaded samples are asked for.
  const auto [loaded, queries] = asked(seeds);
  EXPECT_EQ(loaded.size(), 50u);
  for (const auto& query : queries)
    for (const std::int64_t sample : query)
      EXPECT_TRUE(std::binary_search(loaded.begin(), loaded.end(), sample));
  const LoadSeeds a = LoadSeeds::From(1), b = LoadSeeds::From(2);
  EXPECT_NE(a.order, b.order);
  EXPECT_NE(a.subset, a.order);
}

TEST(Load, SeesADeviceThatDrifts) {
  VirtualClock clock;
  double slower = 1;
  const auto cost = [&slower](const Query&) {
    slower *= 1.0002;  // 14 % over 662 queries
    return std::llround(1e6 * slower);
  };
  SyntheticDevice device(clock, {{"encode", cost}});
  const LoadResult result =
      RunLoad(device, clock, Options(Scenario::kSingleStream));
  EXPECT_FALSE(result.valid());
  EXPECT_NE(Reasons(result).find("moved by +"), std::string::npos);
}

TEST(Load, DoesNotCallNoiseDrift) {
  int invalid = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    VirtualClock clock;
    SyntheticDevice device(clock, {{"encode", TakesExponential(1e6, seed)}});
    invalid +=
        !RunLoad(device, clock, Options(Scenario::kSingleStream)).valid();
  }
  // Two intervals of 95 % part by chance in about 0.6 % of runs.
  EXPECT_LE(invalid, 4);
}

TEST(Stages, RecoverKnownShares) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"decode", Takes(3 * kMs)},
                                 {"encode", TakesExponential(6e6, 8)},
                                 {"nms", Takes(1 * kMs)}});
  LoadOptions options = Options(Scenario::kSingleStream);
  options.min_queries = 4000;
  const LoadResult result = RunLoad(device, clock, options);
  EXPECT_TRUE(result.valid()) << Reasons(result);
  ASSERT_EQ(result.stages.stages.size(), 3u);
  const auto& [decode, encode, nms] =
      std::tie(result.stages.stages[0], result.stages.stages[1],
               result.stages.stages[2]);
  EXPECT_EQ(decode.name, "decode");
  EXPECT_NEAR(decode.share, 0.3, 0.02);
  EXPECT_NEAR(encode.share, 0.6, 0.02);
  EXPECT_NEAR(nms.share, 0.1, 0.01);
  EXPECT_NEAR(decode.share + encode.share + nms.share, 1, 1e-12);
  EXPECT_EQ(decode.median_ns.value, 3e6);
  EXPECT_TRUE(Holds(encode.median_ns, 6e6 * std::log(2)));
  EXPECT_EQ(result.stages.binding, "encode");
  EXPECT_EQ(result.stages.mismatch, "");
  // decode binds where the exponential is below 3 ms: 1 - exp(-1/2).
  EXPECT_NEAR(static_cast<double>(decode.binds) / 4000, 1 - std::exp(-0.5),
              4 * std::sqrt(0.39 * 0.61 / 4000));
}

TEST(Stages, ThatDoNotAddUpAreNamed) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(9 * kMs)}});
  device.outside = Takes(kMs);
  LoadResult result = RunLoad(device, clock, Options(Scenario::kSingleStream));
  EXPECT_FALSE(result.valid());
  EXPECT_NEAR(result.stages.unexplained, 0.1, 1e-12);
  EXPECT_EQ(result.stages.unexplained_median_ns, 1e6);
  EXPECT_NE(Reasons(result).find("unexplained"), std::string::npos);
  LoadOptions options = Options(Scenario::kSingleStream);
  options.stage_tolerance = 0.11;
  EXPECT_TRUE(RunLoad(device, clock, options).valid());

  // A stage counted twice.
  class Overlapping final : public DeviceUnderTest {
   public:
    explicit Overlapping(VirtualClock& clock) : clock_(clock) {}
    std::string Name() const override { return "overlapping"; }
    std::vector<std::string> Stages() const override { return {"a", "b"}; }
    std::int64_t SampleCount() const override { return 1; }
    void Prepare(const LoadPlan&) override {}
    void Run(const Query&, StageRecorder& recorder) override {
      const std::int64_t begin = clock_.NowNs();
      clock_.AdvanceNs(kMs);
      recorder.Add(0, begin, clock_.NowNs());
      recorder.Add(1, begin, clock_.NowNs());
    }

   private:
    VirtualClock& clock_;
  } overlapping(clock);
  result = RunLoad(overlapping, clock, Options(Scenario::kSingleStream));
  EXPECT_NE(Reasons(result).find("overlap"), std::string::npos);
  EXPECT_NEAR(result.stages.unexplained, -1, 1e-12);
}

TEST(Stages, RefuseNestingAndStrangers) {
  VirtualClock clock;
  StageRecorder recorder(clock, 2, 1);
  recorder.Start(0);
  {
    const auto outer = recorder.Enter(0);
    EXPECT_THROW({ const auto inner = recorder.Enter(1); }, std::logic_error);
    EXPECT_THROW({ const auto inner = recorder.Enter(2); }, std::logic_error);
    clock.AdvanceNs(5);
  }
  {
    const auto again = recorder.Enter(0);
    clock.AdvanceNs(6);
  }
  EXPECT_EQ(recorder.times()[0], 11);
  EXPECT_EQ(recorder.spans().size(), 1u);
  EXPECT_EQ(recorder.spans_left_out(), 1);
  EXPECT_THROW(recorder.Add(0, 5, 4), std::logic_error);
}

TEST(Load, SaysWhatCannotBeRun) {
  VirtualClock clock;
  SyntheticDevice empty(clock, {{"encode", Takes(kMs)}}, 0);
  const auto error = [&clock](auto&& change, std::int64_t samples = 9) {
    LoadOptions options = Options(Scenario::kServer);
    options.server.rate = 10;
    change(options);
    SyntheticDevice device(clock, {{"encode", Takes(kMs)}}, samples);
    return testing::InputErrorOf([&] { RunLoad(device, clock, options); });
  };
  EXPECT_EQ(error([](LoadOptions&) {}), "");
  EXPECT_NE(error([](LoadOptions&) {}, 0).find("no samples"),
            std::string::npos);
  EXPECT_NE(error([](auto& o) { o.server.rate = 0; }).find("rate 0"),
            std::string::npos);
  EXPECT_NE(error([](auto& o) { o.server.bound_ns = -1; }).find("bound"),
            std::string::npos);
  EXPECT_NE(error([](auto& o) { o.lanes = 0; }).find("lanes"),
            std::string::npos);
  EXPECT_NE(error([](auto& o) { o.max_seconds = -1; }).find("at most"),
            std::string::npos);
  EXPECT_NE(error([](auto& o) {
              o.scenario = Scenario::kSingleStream;
              o.lanes = 2;
            }).find("one lane"),
            std::string::npos);
  EXPECT_NE(error([](auto& o) {
              o.scenario = Scenario::kSingleStream;
              o.samples_per_query = 2;
            }).find("multi-stream"),
            std::string::npos);
  EXPECT_EQ(ParseScenario("multi-stream"), Scenario::kMultiStream);
  EXPECT_NE(testing::InputErrorOf([] {
              ParseScenario("sever");
            }).find("did you mean \"server\""),
            std::string::npos);
}

// In real time: a device that sleeps is measured as sleeping.
TEST(RealTime, MeasuresASleepingDevice) {
  class Sleeper final : public DeviceUnderTest {
   public:
    explicit Sleeper(MonotonicClock& clock) : clock_(clock) {}
    std::string Name() const override { return "sleeper"; }
    std::vector<std::string> Stages() const override { return {"sleep"}; }
    std::int64_t SampleCount() const override { return 4; }
    void Prepare(const LoadPlan&) override {}
    void Run(const Query& query, StageRecorder& recorder) override {
      if (query.id == fails_at) throw std::runtime_error("broken");
      const auto span = recorder.Enter(0);
      clock_.WaitUntilNs(clock_.NowNs() + 2 * kMs);
    }
    std::int64_t fails_at = -1000;

   private:
    MonotonicClock& clock_;
  };
  MonotonicClock clock;
  Sleeper device(clock);
  LoadOptions options = Options(Scenario::kSingleStream);
  options.min_queries = 20;
  options.warmup_queries = 1;
  LoadResult result = RunLoad(device, clock, options);
  EXPECT_EQ(result.latency.n, 20);
  EXPECT_GE(result.latency.min.value.value(), 2e6);
  EXPECT_GT(result.overhead.total_ns(), 0);

  options = Options(Scenario::kServer);
  options.min_queries = 40;
  options.server.rate = 1000;  // twice what one lane can do
  options.lanes = 4;
  result = RunLoad(device, clock, options);
  EXPECT_EQ(result.latency.n, 40);
  for (const QueryRow& row : result.samples.rows) {
    EXPECT_GE(row.queue_ns(), 0);  // none before it was due
    EXPECT_GE(row.latency_ns - row.queue_ns(), 2 * kMs);
  }
  // What a device throws ends the run on all lanes.
  device.fails_at = 17;
  EXPECT_THROW(RunLoad(device, clock, options), std::runtime_error);
  options.warmup_queries = 3;
  device.fails_at = -2;
  EXPECT_THROW(RunLoad(device, clock, options), std::runtime_error);
}

}  // namespace
}  // namespace eyechart::benchmarks
