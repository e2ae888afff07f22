#include "reports/import/google_benchmark.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/files.h"
#include "reports/gate/gate.h"
#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

// As release 1.7 writes it: one repetition of a benchmark.
Json Repetition(const std::string& name, int index, double real, double cpu) {
  return {{"name", name},
          {"family_index", 0},
          {"per_family_instance_index", 0},
          {"run_name", name},
          {"run_type", "iteration"},
          {"repetitions", 7},
          {"repetition_index", index},
          {"threads", 1},
          {"iterations", 100},
          {"real_time", real},
          {"cpu_time", cpu},
          {"time_unit", "us"}};
}

Json Aggregate(const std::string& name, const std::string& kind, double real) {
  return {{"name", name + "_" + kind},
          {"family_index", 0},
          {"per_family_instance_index", 0},
          {"run_name", name},
          {"run_type", "aggregate"},
          {"repetitions", 7},
          {"threads", 1},
          {"aggregate_name", kind},
          {"aggregate_unit", kind == "cv" ? "percentage" : "time"},
          {"iterations", 7},
          {"real_time", real},
          {"cpu_time", real},
          {"time_unit", "ns"}};
}

Json File(std::vector<Json> rows) {
  return {{"context",
           {{"date", "2026-11-27T18:05:17+01:00"},
            {"host_name", "a-host"},
            {"executable", "/home/someone/micro"},
            {"num_cpus", 2},
            {"mhz_per_cpu", 2100},
            {"cpu_scaling_enabled", false},
            {"caches", Json::array()},
            {"load_avg", {0.5, 0.25, 0.125}},
            {"library_build_type", "release"},
            {"cpu", "A processor"}}},
          {"benchmarks", std::move(rows)}};
}

// Seven repetitions of Resize/640/480; the fourth smallest takes 4 us.
std::vector<Json> Seven() {
  std::vector<Json> rows;
  for (const int i : {3, 0, 6, 1, 5, 2, 4})
    rows.push_back(Repetition("Resize/640/480", i, i + 1, 0.5 * (i + 1)));
  rows.push_back(Aggregate("Resize/640/480", "mean", 99));
  rows.push_back(Aggregate("Resize/640/480", "median", 99));
  return rows;
}

class GoogleBenchmarkTest : public ::testing::Test {
 protected:
  GoogleBenchmarkRun Read(const Json& json) {
    WriteText(file_, json.dump());
    return ReadGoogleBenchmark(file_);
  }
  std::string ErrorOf(const Json& json) {
    return InputErrorOf([&] { Read(json); });
  }

  TempFolder temp_;
  std::filesystem::path file_ = temp_ / "micro.json";
};

TEST_F(GoogleBenchmarkTest, TakesTheMedianOfTheRepetitions) {
  const GoogleBenchmarkRun imported = Read(File(Seven()));
  ASSERT_EQ(imported.run.records.size(), 2u);
  const Record& real = imported.run.records[0];
  EXPECT_EQ(real.cell, "-/micro/Resize/args=640/480");
  EXPECT_EQ(real.dataset, "Resize");
  EXPECT_EQ(real.metric, "call_time_median");
  EXPECT_EQ(real.unit, "ns");
  EXPECT_EQ(real.n, 7);
  EXPECT_DOUBLE_EQ(real.value.value(), 4000);
  // Of seven, the extremes are the interval: 1 - 2 / 2^7 is 0.984, and without
  // them 1 - 16 / 2^7 is 0.875.
  ASSERT_TRUE(real.ci.has_value());
  EXPECT_DOUBLE_EQ(real.ci->low, 1000);
  EXPECT_DOUBLE_EQ(real.ci->high, 7000);
  EXPECT_NEAR(real.seconds, 28e-6 * 100, 1e-12);
  const Record& cpu = imported.run.records[1];
  EXPECT_EQ(cpu.cell, "-/micro/Resize/args=640/480,time=cpu");
  EXPECT_DOUBLE_EQ(cpu.value.value(), 2000);
}

TEST_F(GoogleBenchmarkTest, KeepsTheRepetitionsAsSamples) {
  const GoogleBenchmarkRun imported =
      Read(File({Repetition("Nms", 0, 2.5, 1), Repetition("Nms", 1, 3, 0)}));
  ASSERT_EQ(imported.samples.size(), 1u);  // a time of 0 is no sample
  EXPECT_EQ(imported.samples.at("-/micro/Nms/default"),
            "query,latency_ns,iterations\n0,2500,100\n1,3000,100\n");
  EXPECT_FALSE(imported.run.records[0].ci.has_value());  // two are too few
}

TEST_F(GoogleBenchmarkTest, TakesAggregatesWhereNothingElseIs) {
  const GoogleBenchmarkRun imported =
      Read(File({Aggregate("Nms", "mean", 11), Aggregate("Nms", "median", 10),
                 Aggregate("Nms", "cv", 0.01)}));
  const Record& record = imported.run.records.at(0);
  EXPECT_DOUBLE_EQ(record.value.value(), 10);
  EXPECT_EQ(record.n, 7);
  EXPECT_FALSE(record.ci.has_value());
  EXPECT_TRUE(imported.samples.empty());
  EXPECT_NE(ErrorOf(File({Aggregate("Nms", "mean", 11)})).find("\"median\""),
            std::string::npos);
}

TEST_F(GoogleBenchmarkTest, FailuresAreRecords) {
  Json failed = Repetition("Decode", 0, 0, 0);
  failed["error_occurred"] = true;
  failed["error_message"] = "no picture";
  Json skipped = Repetition("Tile", 0, 0, 0);
  skipped["skipped"] = true;
  skipped["skip_message"] = "no bf16";
  const GoogleBenchmarkRun imported = Read(File({failed, skipped}));
  ASSERT_EQ(imported.run.records.size(), 4u);
  EXPECT_EQ(imported.run.records[0].status, RecordStatus::kError);
  EXPECT_EQ(imported.run.records[0].message, "no picture");
  EXPECT_FALSE(imported.run.records[0].value.has_value());
  EXPECT_EQ(imported.run.records[2].status, RecordStatus::kSkipped);
  EXPECT_EQ(imported.run.records[2].message, "no bf16");
}

TEST_F(GoogleBenchmarkTest, LeavesCurveFitsOut) {
  std::vector<Json> rows = Seven();
  for (const char* kind : {"BigO", "RMS"}) {
    rows.push_back({{"name", std::string("Resize_") + kind},
                    {"run_name", "Resize"},
                    {"run_type", "aggregate"},
                    {"aggregate_name", kind},
                    {"cpu_coefficient", 2.0},
                    {"real_coefficient", 2.0}});
  }
  EXPECT_EQ(Read(File(rows)).run.records.size(), 2u);
}

TEST_F(GoogleBenchmarkTest, EnvironmentNamesNobody) {
  const GoogleBenchmarkRun imported = Read(File(Seven()));
  const std::string text = imported.run.environment.dump();
  for (const char* left_out :
       {"a-host", "someone", "load_avg", "2100", "2026-11-27"})
    EXPECT_EQ(text.find(left_out), std::string::npos) << left_out;
  EXPECT_EQ(imported.run.environment.at("cpu"), "A processor");
  EXPECT_EQ(imported.run.environment.at("hardware_threads"), 2);
  EXPECT_EQ(imported.run.environment.at("library_build_type"), "release");
  EXPECT_EQ(imported.run.records[0].started, "2026-11-27T17:05:17Z");
  EXPECT_EQ(imported.run.records[0].environment.size(), 16u);
}

TEST_F(GoogleBenchmarkTest, NamesFileAndKey) {
  Json json = File(Seven());
  json["benchmarks"][2].erase("cpu_time");
  std::string error = ErrorOf(json);
  for (const char* part :
       {"micro.json", "benchmarks[2]", "Resize/640/480", "\"cpu_time\""})
    EXPECT_NE(error.find(part), std::string::npos) << error;
  json = File(Seven());
  json["benchmarks"][0]["time_unit"] = "h";
  EXPECT_NE(ErrorOf(json).find("time_unit \"h\""), std::string::npos);
  json = File(Seven());
  json["context"].erase("num_cpus");
  error = ErrorOf(json);
  EXPECT_NE(error.find("micro.json: context: key \"num_cpus\""),
            std::string::npos)
      << error;
  json.erase("context");
  EXPECT_NE(ErrorOf(json).find("\"context\""), std::string::npos);
  json = File(Seven());
  json["benchmarks"][0]["family_index"] = 1;
  EXPECT_NE(ErrorOf(json).find("two benchmarks"), std::string::npos);
}

TEST_F(GoogleBenchmarkTest, WritesARunThatReads) {
  const GoogleBenchmarkRun imported = Read(File(Seven()));
  const std::filesystem::path folder = temp_ / "run";
  WriteImportedRun(imported, folder);
  const RunFolder run = ReadRunFolder(folder);
  ASSERT_EQ(run.records.size(), 2u);
  EXPECT_EQ(run.records[0].value, imported.run.records[0].value);
  EXPECT_EQ(run.environment, imported.run.environment);
  const std::string cell = run.records[0].cell;
  EXPECT_EQ(ReadFile(folder / "samples" / (CellSlug(cell) + ".csv")),
            imported.samples.at(cell));
  EXPECT_NE(InputErrorOf([&] {
              WriteImportedRun(imported, folder);
            }).find("new folder"),
            std::string::npos);
}

TEST_F(GoogleBenchmarkTest, TheGateTestsTheRepetitions) {
  const auto run_of = [&](const std::string& name, double factor) {
    std::vector<Json> rows = Seven();
    for (Json& row : rows)
      for (const char* time : {"real_time", "cpu_time"})
        row[time] = factor * (100 + row[time].get<double>());
    const std::filesystem::path folder = temp_ / name;
    WriteImportedRun(Read(File(rows)), folder);
    return ReadRunFolder(folder);
  };
  const RunFolder before = run_of("before", 1);
  const RunFolder slower = run_of("slower", 1.5);
  const GateResult judged = JudgeRuns(before, slower, Policy(), Noise());
  EXPECT_EQ(judged.exit_code, 1);
  ASSERT_EQ(judged.cells.size(), 2u);
  EXPECT_EQ(judged.cells[0].verdict, Verdict::kRegressed);
  // Complete separation of seven and seven, by the normal approximation: U is
  // 49, its mean 24.5 and its variance 61.25, with half a step for continuity.
  EXPECT_NEAR(judged.cells[0].p.value(), std::erfc(24 / std::sqrt(2 * 61.25)),
              1e-9);
  EXPECT_EQ(JudgeRuns(before, before, Policy(), Noise()).exit_code, 0);
}

TEST_F(GoogleBenchmarkTest, IsATableToReadBeside) {
  const Json json = File(Seven());
  EXPECT_TRUE(IsGoogleBenchmark(json.dump()));
  EXPECT_FALSE(IsGoogleBenchmark("{\"benchmarks\": []}"));
  EXPECT_FALSE(IsGoogleBenchmark("name,time\n"));
  WriteText(file_, json.dump());
  const RunFolder table = MakeGoogleBenchmarkImporter()->Import(file_);
  ASSERT_EQ(table.records.size(), 2u);
  EXPECT_NE(table.records[0].setting.at("source").find("micro.json"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
