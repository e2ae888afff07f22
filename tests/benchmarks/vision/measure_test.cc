#include "benchmarks/vision/measure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/vision/bench_records.h"
#include "benchmarks/vision/encoder_bench.h"
#include "core/csv.h"
#include "core/metrics.h"
#include "probes/detection/nms/suppress_boxes.h"
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

// Half the time once it was asked for, a quarter right after itself.
MeasuredAudit Audited(std::int64_t samples) {
  VirtualClock clock;
  std::vector<bool> seen(static_cast<std::size_t>(samples), false);
  std::int64_t last = -1;
  SyntheticDevice device(
      clock,
      {{"encode",
        [&](const Query& query) -> std::int64_t {
          const std::int64_t sample = query.samples[0];
          const bool repeats = std::exchange(last, sample) == sample;
          const bool known = seen[static_cast<std::size_t>(sample)];
          seen[static_cast<std::size_t>(sample)] = true;
          return repeats ? kMs : known ? 2 * kMs : 4 * kMs;
        }}},
      samples);
  return MeasureAudit(device, clock, {}, c10::kCPU, /*allow=*/true);
}

TEST(MeasureAudit, IsWatchedAndMakesRecords) {
  MeasuredAudit measured = Audited(500);
  Json json = MeasuredAuditJson(measured);
  EXPECT_TRUE(json["meanwhile"].contains("load1"));
  EXPECT_EQ(json["valid"], true);  // allowed
  EXPECT_EQ(json["again_to_first"]["value"], 0.5);
  // What was found of caches, and of the machine.
  EXPECT_EQ(json["warnings"].size(),
            measured.audit.findings.size() + measured.findings.size());
  Record base;
  base.cell = "a/bench/b/c";
  std::vector<Record> records = AuditRecords(measured, base);
  ASSERT_EQ(records.size(), 2u);
  const Record& again = Of(records, "cache_again_ratio");
  EXPECT_DOUBLE_EQ(*again.value, 0.5);
  EXPECT_DOUBLE_EQ(again.ci->low, 0.5);
  EXPECT_EQ(again.n, 20);
  EXPECT_EQ(again.cell, base.cell);
  EXPECT_EQ(again.message, "");
  EXPECT_DOUBLE_EQ(*Of(records, "cache_right_after_ratio").value, 0.25);
  const eyechart::testing::TempFolder folder;
  WriteAudit(folder / "cell", measured);
  EXPECT_EQ(CsvTable::ReadFile(folder / "cell/cache_audit_samples.csv").rows(),
            measured.audit.queries.size());

  measured.findings = {{true, "others were at work", "end them"}};
  json = MeasuredAuditJson(measured);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["reasons"], Json::array({"others were at work"}));
  for (const Record& record : AuditRecords(measured, base))
    EXPECT_EQ(record.message, "not valid: others were at work");
}

TEST(MeasureAudit, OfFewSamplesHasNoRatioToTheFirstTime) {
  for (const Record& record : AuditRecords(Audited(4), {})) {
    EXPECT_FALSE(record.value.has_value());
    EXPECT_EQ(record.status, RecordStatus::kSkipped);
    EXPECT_NE(record.message.find("too few"), std::string::npos);
  }
}

TEST(ThresholdSetting, HoldsWhatBoxesDependOn) {
  Json description = {{"answer", "boxes"},
                      {"detector",
                       {{"head", "dense"},
                        {"nms", true},
                        {"min_score", 0.001},
                        {"before_nms", 1000},
                        {"nms_iou", 0.6},
                        {"suppression", detection::NmsToJson({})},
                        {"max_boxes", 100}}}};
  std::map<std::string, std::string> setting = {
      {"min_score", "0.001"},   {"before_nms", "1000"}, {"nms", "torchvision"},
      {"nms_classes", "aware"}, {"nms_iou", "0.6"},     {"max_boxes", "100"}};
  EXPECT_EQ(ThresholdSetting(description), setting);
  detection::NmsOptions nms;
  nms.semantics = detection::NmsSemantics::kSoftGaussian;
  nms.classes = detection::NmsClasses::kAgnostic;
  nms.sigma = 0.25;
  description["detector"]["suppression"] = detection::NmsToJson(nms);
  setting["nms"] = "soft-gaussian";
  setting["nms_classes"] = "agnostic";
  setting["nms_sigma"] = "0.25";
  EXPECT_EQ(ThresholdSetting(description), setting);
  description["detector"]["sha256"] = "abc";
  EXPECT_EQ(ThresholdSetting(description).at("detector_sha256"), "abc");
  description["detector"]["nms"] = false;
  EXPECT_FALSE(ThresholdSetting(description).contains("nms_iou"));
  EXPECT_FALSE(ThresholdSetting(description).contains("nms"));
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
  const eyechart::testing::TempFolder folder;
  BenchFiles files;
  files.peak_samples = folder / "cell/peak_samples.csv";
  WriteBenchFiles(files, measured, {});
  const CsvTable table = CsvTable::ReadFile(files.peak_samples);
  EXPECT_EQ(table.header().front(), "trial");
  std::size_t rows = 0;
  for (const PeakTrial& trial : measured.peak->trials)
    rows += static_cast<std::size_t>(trial.queries);
  EXPECT_EQ(table.rows(), rows);
}

// The advice goes by how the search ended, not by its last trial.
TEST(Measure, AdvisesByTheEndOfTheSearch) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(kMs)}});
  MeasureOptions options = Quick();
  options.find_peak = true;
  options.load.server.percentile = 90;
  options.load.server.rate = 100;
  const auto advice = [&](std::int64_t bound_ms, int trials) {
    options.load.server.bound_ns = bound_ms * kMs;
    options.peak.max_trials = trials;
    const Measured measured =
        Measure(device, clock, options, Scenario::kServer, {}, c10::kCPU);
    EXPECT_TRUE(measured.peak->trials.back().kept);
    EXPECT_EQ(measured.peak->trials.front().rate, 100);
    for (const Finding& finding : measured.load.findings)
      if (finding.reason.starts_with("no highest rate")) return finding.advice;
    return std::string();
  };
  EXPECT_NE(advice(5, 1).find("begin near it"), std::string::npos);
  EXPECT_NE(advice(10'000, 64).find("raise --min-queries"), std::string::npos);
  EXPECT_EQ(advice(5, 64), "");
}

TEST(OwnContexts, AreOneOfADeviceThatStartsNothing) {
  VirtualClock clock;
  const SyntheticDevice device(clock, {{"encode", Takes(kMs)}});
  EXPECT_EQ(OwnContexts(device, 1), 1);
  EXPECT_EQ(OwnContexts(device, 3), 1);
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
