// What is written: raw samples, traces and JSON.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "benchmarks/load/load_json.h"
#include "benchmarks/load/scenario.h"
#include "benchmarks/load/trace_export.h"
#include "core/csv.h"
#include "core/files.h"
#include "tests/benchmarks/load/synthetic_device.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::SyntheticDevice;
using testing::Takes;

constexpr std::int64_t kMs = 1'000'000;

LoadResult Measured(std::int64_t queries = 100, std::int64_t trace_spans = 0) {
  VirtualClock clock;
  clock.AdvanceNs(12'345);  // the clock's origin must not be seen
  SyntheticDevice device(clock,
                         {{"decode", Takes(kMs)}, {"encode", Takes(3 * kMs)}});
  LoadOptions options;
  options.min_seconds = 0;
  options.min_queries = queries;
  options.trace_spans = trace_spans;
  options.seed = 18'000'000'000'000'000'000U;
  options.seeds = LoadSeeds::From(options.seed);
  return RunLoad(device, clock, options);
}

TEST(Samples, AreARowAQuery) {
  const testing::TempFolder folder;
  LoadResult result = Measured();
  result.samples.rows[1].pair = 4;
  WriteSamples(folder / "cell.csv", result.samples);
  const CsvTable table = CsvTable::ReadFile(folder / "cell.csv");
  EXPECT_EQ(table.header(),
            (std::vector<std::string>{"query", "seed", "pair", "scheduled_ns",
                                      "started_ns", "latency_ns", "decode_ns",
                                      "encode_ns"}));
  ASSERT_EQ(table.rows(), 100u);
  const std::vector<std::string> second = {"1",       "18000000000000000000",
                                           "4",       "4000000",
                                           "4000000", "4000000",
                                           "1000000", "3000000"};
  for (std::size_t i = 0; i < second.size(); ++i)
    EXPECT_EQ(table.at(1, i), second[i]);
  EXPECT_EQ(table.at(0, 2), "");
}

TEST(Samples, OfSeveralSeedsFollowOneAnother) {
  SampleTable one, two;
  one.stages = two.stages = {"encode"};
  one.seed = 1;
  two.seed = 2;
  one.rows.resize(1);
  two.rows.resize(1);
  EXPECT_EQ(SamplesCsv({&one, &two}),
            "query,seed,pair,scheduled_ns,started_ns,latency_ns,encode_ns\n"
            "0,1,,0,0,0,0\n0,2,,0,0,0,0\n");
  EXPECT_EQ(NumberedSamplesCsv("trial", {{7, &one}, {9, &two}}),
            "trial,query,seed,pair,scheduled_ns,started_ns,latency_ns,"
            "encode_ns\n7,0,1,,0,0,0,0\n9,0,2,,0,0,0,0\n");
  two.stages = {"decode"};
  EXPECT_THROW(SamplesCsv({&one, &two}), std::logic_error);
}

TEST(Trace, IsWhatChromeReads) {
  const testing::TempFolder folder;
  // 3 spans: the first query's two and one of the second's.
  WriteChromeTrace(folder / "trace.json", Measured(100, 3));
  const Json trace = ReadJsonFile(folder / "trace.json");
  EXPECT_EQ(trace.at("displayTimeUnit"), "ns");
  EXPECT_EQ(trace.at("otherData").at("spans_left_out"), 197);
  std::map<std::string, std::vector<Json>> events;
  for (const Json& event : trace.at("traceEvents")) {
    ASSERT_TRUE(event.at("ph") == "X" || event.at("ph") == "M");
    EXPECT_TRUE(event.at("pid").is_number_integer());
    EXPECT_TRUE(event.at("tid").is_number_integer());
    events[event.at("name")].push_back(event);
  }
  EXPECT_EQ(events["process_name"].size(), 1u);
  ASSERT_EQ(events["thread_name"].size(), 1u);
  EXPECT_EQ(events["thread_name"][0].at("args").at("name"), "lane 0");
  ASSERT_EQ(events["decode"].size(), 2u);
  ASSERT_EQ(events["encode"].size(), 1u);
  EXPECT_EQ(events["encode"][0].at("ts"), 1000);  // microseconds
  EXPECT_EQ(events["encode"][0].at("dur"), 3000);
  EXPECT_EQ(events["decode"][1].at("ts"), 4000);
  ASSERT_EQ(events["query"].size(), 2u);
  EXPECT_EQ(events["query"][1].at("ts"), 4000);
  EXPECT_EQ(events["query"][1].at("dur"), 4000);
  EXPECT_EQ(events["query"][1].at("args").at("query"), 1);
}

TEST(Trace, WithoutSpansIsEmpty) {
  for (const Json& event : ChromeTrace(Measured()).at("traceEvents"))
    EXPECT_EQ(event.at("ph"), "M");
}

TEST(LoadJson, HasTheKeysOfTheDesign) {
  const Json json = LoadJson(Measured(), {"fp32", "cpu"});
  EXPECT_EQ(json.at("scenario"), "single-stream");
  EXPECT_EQ(json.at("dtype"), "fp32");
  EXPECT_EQ(json.at("device"), "cpu");
  EXPECT_EQ(json.at("batch"), 1);
  EXPECT_EQ(json.at("n"), 100);
  const Json& latency = json.at("latency_ns");
  for (const char* key : {"min", "median", "p90", "max"})
    EXPECT_EQ(latency.at(key), 4e6) << key;
  EXPECT_TRUE(latency.at("p95").is_null());
  EXPECT_TRUE(latency.at("p99").is_null());
  EXPECT_EQ(latency.size(), 6u);
  EXPECT_DOUBLE_EQ(json.at("throughput").get<double>(), 250);
  EXPECT_EQ(json.at("stages").at("encode").at("median_ns"), 3e6);
  EXPECT_EQ(json.at("stages").at("encode").at("share"), 0.75);
  EXPECT_EQ(json.at("binding_stage"), "encode");
  EXPECT_TRUE(json.at("peak_memory_bytes").is_null());
  EXPECT_EQ(json.at("valid"), true);
  EXPECT_TRUE(json.at("reasons").empty());
  // Why percentiles are null is a warning.
  EXPECT_NE(json.at("warnings").dump().find("p99 needs 662 samples"),
            std::string::npos);
  EXPECT_EQ(json.at("warmup").at("queries"), 10);
  EXPECT_EQ(json.at("warmup").at("median_ns"), 4e6);
  EXPECT_EQ(json.at("latency_ci_ns").at("median").at("low"), 4e6);
  EXPECT_FALSE(json.contains("server"));
}

TEST(LoadJson, SaysWhyAResultIsNotValid) {
  LoadResult result = Measured(20);
  result.findings.push_back({false, "a warning", "do this"});
  const Json json = LoadJson(result, {});
  EXPECT_EQ(json.at("valid"), false);
  ASSERT_EQ(json.at("reasons").size(), 1u);
  EXPECT_EQ(json.at("advice").size(), 1u);
  EXPECT_NE(json.at("reasons")[0].get<std::string>().find("64 are needed"),
            std::string::npos);
  EXPECT_TRUE(json.at("dtype").is_null());
  EXPECT_NE(json.at("warnings").dump().find("a warning; do this"),
            std::string::npos);
}

TEST(LoadJson, OfServersPeaksPairsAndAudits) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(kMs)}}, 1000);
  LoadOptions options;
  options.scenario = Scenario::kServer;
  options.min_seconds = 0;
  options.min_queries = 700;
  options.server.rate = 10;
  options.server.bound_ns = 5 * kMs;
  const Json server = LoadJson(RunLoad(device, clock, options), {});
  EXPECT_EQ(server.at("server").at("rate"), 10);
  EXPECT_EQ(server.at("server").at("bound_ns"), 5 * kMs);
  EXPECT_EQ(server.at("server").at("percentile"), 99);
  EXPECT_EQ(server.at("server").at("kept"), true);
  EXPECT_TRUE(server.at("stages").contains("queue"));
  const Json peak = PeakJson(FindPeak(device, clock, options));
  EXPECT_TRUE(peak.at("rate").is_number());
  EXPECT_TRUE(peak.at("reason").is_null());
  EXPECT_EQ(peak.at("end"), "found");
  EXPECT_EQ(peak.at("trials")[0].at("samples_kept"), true);
  EXPECT_GT(peak.at("trials").size(), 2u);
  const Json pair = PairJson(RunPairs(device, device, clock));
  EXPECT_EQ(pair.at("value"), 1);
  EXPECT_EQ(pair.at("ci").at("low"), 1);
  EXPECT_EQ(pair.at("ratios").size(), 20u);
  const Json audit = AuditJson(AuditCaches(device, clock));
  EXPECT_EQ(audit.at("again_over_repeat").at("value"), 1);
  EXPECT_EQ(audit.at("again_to_first").at("value"), 1);
  EXPECT_EQ(audit.at("repeat_to_first").at("value"), 1);
  EXPECT_TRUE(audit.at("warnings").empty());
}

}  // namespace
}  // namespace eyechart::benchmarks
