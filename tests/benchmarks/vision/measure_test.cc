#include "benchmarks/vision/measure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "benchmarks/vision/bench_records.h"
#include "core/metrics.h"
#include "tests/benchmarks/load/synthetic_device.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::InputErrorOf;
using testing::SyntheticDevice;
using testing::Takes;

constexpr std::int64_t kMs = 1'000'000;

MeasureOptions Quick() {
  MeasureOptions options;
  options.load.min_seconds = 0;
  options.load.min_queries = 0;
  options.allow = true;  // the machine that tests run on is busy
  return options;
}

TEST(ParseScenarios, AreAList) {
  EXPECT_EQ(ParseScenarios("offline,single-stream"),
            (std::vector{Scenario::kOffline, Scenario::kSingleStream}));
  EXPECT_NE(InputErrorOf([] {
              ParseScenarios("single-stream,servr");
            }).find("did you mean \"server\""),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] { ParseScenarios("server,server"); }).find("twice"),
            std::string::npos);
  EXPECT_FALSE(InputErrorOf([] { ParseScenarios(""); }).empty());
  EXPECT_FALSE(InputErrorOf([] { ParseScenarios("server,"); }).empty());
}

// As many queries as the percentile of each scenario takes, so that a run by
// defaults is valid.
TEST(LoadOptionsOf, AsksForEnoughQueries) {
  MeasureOptions options = Quick();
  options.load.server.rate = 100;
  for (const Scenario scenario :
       {Scenario::kSingleStream, Scenario::kMultiStream, Scenario::kServer,
        Scenario::kOffline}) {
    VirtualClock clock;
    SyntheticDevice device(clock, {{"encode", Takes(kMs)}});
    const LoadResult result =
        RunLoad(device, clock, LoadOptionsOf(options, scenario));
    EXPECT_TRUE(result.valid()) << ScenarioName(scenario);
  }
  options.load.min_queries = 5;
  EXPECT_EQ(LoadOptionsOf(options, Scenario::kMultiStream).min_queries, 5);
}

TEST(LoadOptionsOf, GivesEachScenarioOfAListWhatItTakes) {
  MeasureOptions options = Quick();
  options.load.samples_per_query = 4;
  options.load.lanes = 2;
  EXPECT_NE(InputErrorOf([&] {
              LoadOptionsOf(options, Scenario::kSingleStream);
            }).find("multi-stream"),
            std::string::npos);
  options.scenarios = {Scenario::kSingleStream, Scenario::kOffline};
  EXPECT_EQ(LoadOptionsOf(options, Scenario::kSingleStream).samples_per_query,
            1);
  EXPECT_EQ(LoadOptionsOf(options, Scenario::kOffline).samples_per_query, 4);
  EXPECT_EQ(LoadOptionsOf(options, Scenario::kOffline).lanes, 2);
}

TEST(LoadOptionsOf, NamesWhatAServerLacks) {
  MeasureOptions options = Quick();
  const auto error = [&] {
    return InputErrorOf([&] { LoadOptionsOf(options, Scenario::kServer); });
  };
  EXPECT_NE(error().find("--target-rate"), std::string::npos) << error();
  options.find_peak = true;
  EXPECT_NE(error().find("--bound-ms"), std::string::npos) << error();
  options.load.server.bound_ns = 5 * kMs;
  EXPECT_EQ(error(), "");
}

const Record& Of(const std::vector<Record>& records, const std::string& name) {
  const auto found =
      std::find_if(records.begin(), records.end(),
                   [&name](const Record& r) { return r.metric == name; });
  if (found == records.end()) throw std::runtime_error("no record " + name);
  return *found;
}

TEST(BenchRecords, AreInTheUnitsOfTheTable) {
  VirtualClock clock;
  SyntheticDevice device(
      clock, {{"decode", Takes(kMs)}, {"to-device", Takes(3 * kMs)}});
  const MeasureOptions options = Quick();
  const Measured measured =
      Measure(device, clock, options, Scenario::kSingleStream, {}, c10::kCPU);
  Record base;
  base.message = "a warning";
  base.weights_sha256 = "w";
  const std::vector<Record> records = BenchRecords(measured, base);
  EXPECT_EQ(records.front().metric, "latency_median");
  for (const Record& record : records) {
    EXPECT_EQ(record.weights_sha256, "w");
    EXPECT_EQ(record.message.substr(0, 9), "a warning");
  }
  const Record& median = Of(records, "latency_median");
  EXPECT_EQ(median.unit, "ms");
  EXPECT_EQ(median.direction, "lower");
  EXPECT_DOUBLE_EQ(*median.value, 4);
  EXPECT_DOUBLE_EQ(median.ci->low, 4);
  EXPECT_EQ(median.n, 100);
  EXPECT_DOUBLE_EQ(*Of(records, "load_throughput").value, 250);
  EXPECT_DOUBLE_EQ(*Of(records, "stage_decode").value, 1);
  EXPECT_DOUBLE_EQ(*Of(records, "stage_to_device").value, 3);
  EXPECT_DOUBLE_EQ(*Of(records, "stage_rest").value, 0);
  EXPECT_GT(*Of(records, "peak_memory").value, 0);
  // 100 queries say nothing of a p99.
  const Record& p99 = Of(records, "latency_p99");
  EXPECT_FALSE(p99.value.has_value());
  EXPECT_EQ(p99.status, RecordStatus::kSkipped);
  EXPECT_NE(p99.message.find("662"), std::string::npos) << p99.message;
}

TEST(BenchRecords, HoldWhatIsInNoStage) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(3 * kMs)}});
  device.outside = Takes(2 * kMs);
  Measured measured =
      Measure(device, clock, Quick(), Scenario::kSingleStream, {}, c10::kCPU);
  const Record rest = Of(BenchRecords(measured, {}), "stage_rest");
  EXPECT_DOUBLE_EQ(*rest.value, 2);
  EXPECT_EQ(rest.unit, "ms");
  // A device that names no stages has no rest either.
  measured.load.stages = {};
  for (const Record& record : BenchRecords(measured, {}))
    EXPECT_FALSE(record.metric.starts_with("stage_")) << record.metric;
}

TEST(ThresholdSetting, HoldsWhatBoxesDependOn) {
  Json description = {{"answer", "boxes"},
                      {"detector",
                       {{"head", "dense"},
                        {"nms", true},
                        {"min_score", 0.001},
                        {"before_nms", 1000},
                        {"nms_iou", 0.6},
                        {"max_boxes", 100}}}};
  EXPECT_EQ(ThresholdSetting(description),
            (std::map<std::string, std::string>{{"min_score", "0.001"},
                                                {"before_nms", "1000"},
                                                {"nms_iou", "0.6"},
                                                {"max_boxes", "100"}}));
  description["detector"]["nms"] = false;
  EXPECT_FALSE(ThresholdSetting(description).contains("nms_iou"));
  description["detector"] = nullptr;
  EXPECT_TRUE(ThresholdSetting(description).empty());
  EXPECT_TRUE(ThresholdSetting({{"answer", "pooled: cls"}}).empty());
}

TEST(BenchRecords, SayWhereAResultIsNotValid) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(kMs)}});
  MeasureOptions options = Quick();
  options.load.min_queries = 10;  // too few for a p90
  const Measured measured =
      Measure(device, clock, options, Scenario::kSingleStream, {}, c10::kCPU);
  for (const Record& record : BenchRecords(measured, {}))
    EXPECT_NE(record.message.find("not valid: "), std::string::npos);
}

TEST(Measure, FindsThePeakOfAServer) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(kMs)}});
  MeasureOptions options = Quick();
  options.find_peak = true;
  options.load.server.bound_ns = 5 * kMs;
  options.load.server.percentile = 90;
  const Measured measured =
      Measure(device, clock, options, Scenario::kServer, {}, c10::kCPU);
  ASSERT_TRUE(measured.peak.has_value());
  ASSERT_TRUE(measured.peak->rate.has_value());
  // One lane of 1 ms a query cannot do more.
  EXPECT_LT(*measured.peak->rate, 1000);
  EXPECT_GT(*measured.peak->rate, 500);
  EXPECT_TRUE(measured.load.server->kept);
  EXPECT_EQ(MeasuredJson(measured, {})["peak"]["rate"], *measured.peak->rate);
  EXPECT_EQ(*Of(BenchRecords(measured, {}), "peak_rate").value,
            *measured.peak->rate);
}

TEST(Measure, TellsOfABoundThatNoRateKeeps) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(10 * kMs)}});
  MeasureOptions options = Quick();
  options.find_peak = true;
  options.load.server.bound_ns = 5 * kMs;
  const Measured measured =
      Measure(device, clock, options, Scenario::kServer, {}, c10::kCPU);
  EXPECT_FALSE(measured.peak->rate.has_value());
  EXPECT_FALSE(measured.load.valid());
  EXPECT_TRUE(MeasuredJson(measured, {})["peak"]["rate"].is_null());
}

}  // namespace
}  // namespace eyechart::benchmarks
