#include "reports/import/google_benchmark.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "benchmarks/load/estimators.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/text.h"
#include "reports/import/import_parts.h"
#include "reports/json_member.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// Keys of the context that have a place of their own, or none.
constexpr std::array kContextKeys = {"date",
                                     "host_name",
                                     "executable",
                                     "num_cpus",
                                     "mhz_per_cpu",
                                     "cpu_scaling_enabled",
                                     "aslr_enabled",
                                     "caches",
                                     "load_avg",
                                     "library_version",
                                     "library_build_type",
                                     "json_schema_version"};

// Of one benchmark, all its rows.
struct Benchmark {
  std::string name;  // run_name
  std::string label;
  std::set<std::pair<std::int64_t, std::int64_t>> families;
  struct Repetition {
    std::int64_t index = 0;
    double real_ns = 0;
    double cpu_ns = 0;
    std::int64_t iterations = 0;
  };
  std::vector<Repetition> repetitions;
  std::optional<Repetition> median;  // of the aggregates
  std::int64_t aggregated = 0;       // repetitions behind it
  bool aggregates = false;
  std::optional<std::pair<RecordStatus, std::string>> trouble;
};

double NanosecondsOf(const std::string& unit, const std::string& source) {
  if (unit == "ns") return 1;
  if (unit == "us") return 1e3;
  if (unit == "ms") return 1e6;
  EYECHART_REQUIRE(unit == "s",
                   "{}: time_unit \"{}\" should be ns, us, ms or s", source,
                   unit);
  return 1e9;
}

Benchmark::Repetition TimesOf(const Json& row, const std::string& source) {
  const double unit = NanosecondsOf(
      JsonGetOr<std::string>(row, "time_unit", "ns", source), source);
  Benchmark::Repetition times;
  times.index = JsonGetOr<std::int64_t>(row, "repetition_index", 0, source);
  times.iterations = JsonGetOr<std::int64_t>(row, "iterations", 0, source);
  times.real_ns = unit * JsonGet<double>(row, "real_time", source);
  times.cpu_ns = unit * JsonGet<double>(row, "cpu_time", source);
  return times;
}

void AddBenchmarkRow(const Json& row,
                     const std::string& source,
                     Benchmark& to) {
  if (to.label.empty())
    to.label = JsonGetOr<std::string>(row, "label", "", source);
  if (JsonGetOr<bool>(row, "error_occurred", false, source)) {
    to.trouble = {RecordStatus::kError,
                  JsonGetOr<std::string>(row, "error_message", "", source)};
    return;
  }
  if (JsonGetOr<bool>(row, "skipped", false, source)) {
    to.trouble = {RecordStatus::kSkipped,
                  JsonGetOr<std::string>(row, "skip_message", "", source)};
    return;
  }
  if (JsonGetOr<std::string>(row, "run_type", "iteration", source) ==
      "iteration") {
    to.repetitions.push_back(TimesOf(row, source));
    to.families.emplace(
        JsonGetOr<std::int64_t>(row, "family_index", 0, source),
        JsonGetOr<std::int64_t>(row, "per_family_instance_index", 0, source));
    return;
  }
  to.aggregates = true;
  if (JsonGet<std::string>(row, "aggregate_name", source) != "median") return;
  to.median = TimesOf(row, source);
  to.aggregated = JsonGetOr<std::int64_t>(row, "repetitions", 0, source);
}

std::vector<Benchmark> ReadBenchmarks(const Json& json,
                                      const std::string& source) {
  const Json& rows = Member(json, "benchmarks", source);
  EYECHART_REQUIRE(rows.is_array(), "{}: \"benchmarks\" should be a list",
                   source);
  std::vector<Benchmark> benchmarks;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string where = fmt::format("{}: benchmarks[{}]", source, i);
    const Json& row = rows[i];
    EYECHART_REQUIRE(row.is_object(), "{}: should be an object", where);
    // Releases before 1.5 have no run_name.
    const std::string name = JsonGetOr<std::string>(
        row, "run_name", JsonGet<std::string>(row, "name", where), where);
    const std::string named = fmt::format("{}, {}", where, name);
    // Fits of several sizes to a curve are of no benchmark.
    const std::string aggregate =
        JsonGetOr<std::string>(row, "aggregate_name", "", named);
    if (aggregate == "BigO" || aggregate == "RMS") continue;
    const auto [place, is_new] = places.emplace(name, benchmarks.size());
    if (is_new) benchmarks.emplace_back().name = name;
    AddBenchmarkRow(row, named, benchmarks[place->second]);
    EYECHART_REQUIRE(benchmarks[place->second].families.size() <= 1,
                     "{}: two benchmarks are called so; a cell needs a name "
                     "of its own",
                     named);
  }
  return benchmarks;
}

// "2026-11-27T18:05:17+01:00" in UTC; nothing where it is another text.
std::string UtcOf(const std::string& date) {
  std::tm time{};
  int hours = 0, minutes = 0;
  char sign = '+';
  const int read =
      std::sscanf(date.c_str(), "%d-%d-%dT%d:%d:%d%c%d:%d", &time.tm_year,
                  &time.tm_mon, &time.tm_mday, &time.tm_hour, &time.tm_min,
                  &time.tm_sec, &sign, &hours, &minutes);
  if (read != 9 || (sign != '+' && sign != '-')) return "";
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  const int ahead = (hours * 60 + minutes) * 60 * (sign == '+' ? 1 : -1);
  const std::time_t utc = timegm(&time) - ahead;
  std::array<char, 32> text{};
  gmtime_r(&utc, &time);
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &time);
  return {text.data(), size};
}

Json EnvironmentOf(const Json& context, const std::string& source) {
  Json environment = {{"schema", 1}, {"harness", "google-benchmark"}};
  for (const auto& [key, value] : context.items()) {
    if (std::ranges::find(kContextKeys, key) == kContextKeys.end())
      environment[key] = value;
  }
  environment["hardware_threads"] =
      JsonGet<std::int64_t>(context, "num_cpus", source);
  for (const char* key :
       {"cpu_scaling_enabled", "aslr_enabled", "caches", "library_build_type"})
    if (const auto found = context.find(key); found != context.end())
      environment[key] = *found;
  return environment;
}

// The record of a benchmark's cell, without a value.
Record CellRecord(const Benchmark& benchmark, bool cpu) {
  Record record;
  record.encoder = "-";
  record.task = "micro";
  const std::size_t slash = benchmark.name.find('/');
  record.dataset = benchmark.name.substr(0, slash);
  if (slash != std::string::npos)
    record.setting["args"] = benchmark.name.substr(slash + 1);
  if (cpu) record.setting["time"] = "cpu";
  std::string setting;
  for (const auto& [key, value] : record.setting)
    setting += (setting.empty() ? "" : ",") + key + "=" + value;
  record.cell = fmt::format("-/micro/{}/{}", record.dataset,
                            setting.empty() ? "default" : setting);
  record.message = benchmark.label;
  return record;
}

std::string SamplesOf(const Benchmark& benchmark, bool cpu) {
  std::string csv = CsvLine({"query", "latency_ns", "iterations"});
  for (const Benchmark::Repetition& one : benchmark.repetitions)
    csv += CsvLine({fmt::format("{}", one.index),
                    FormatDouble(cpu ? one.cpu_ns : one.real_ns),
                    fmt::format("{}", one.iterations)});
  return csv;
}

// Of one clock.
void AddCell(const Benchmark& benchmark,
             bool cpu,
             const std::string& source,
             GoogleBenchmarkRun& to) {
  Record record = CellRecord(benchmark, cpu);
  const auto time = [cpu](const Benchmark::Repetition& one) {
    return cpu ? one.cpu_ns : one.real_ns;
  };
  if (benchmark.trouble) {
    record.status = benchmark.trouble->first;
    record.message = benchmark.trouble->second;
  } else if (!benchmark.repetitions.empty()) {
    std::vector<double> times;
    bool positive = true;
    for (const Benchmark::Repetition& one : benchmark.repetitions) {
      times.push_back(time(one));
      positive = positive && times.back() > 0;
      record.seconds +=
          times.back() * 1e-9 * static_cast<double>(one.iterations);
    }
    const benchmarks::Estimate median = benchmarks::EstimateMedian(times);
    SetMetric(record, "call_time_median", *median.value);
    record.n = static_cast<std::int64_t>(times.size());
    record.ci = median.ci;
    // The gate takes logarithms: a time of 0 is none.
    if (positive) to.samples[record.cell] = SamplesOf(benchmark, cpu);
  } else {
    EYECHART_REQUIRE(benchmark.median.has_value(),
                     "{}: {}: neither repetitions nor an aggregate with "
                     "aggregate_name \"median\"; run it with "
                     "--benchmark_repetitions=7",
                     source, benchmark.name);
    SetMetric(record, "call_time_median", time(*benchmark.median));
    record.n = benchmark.aggregated;
    record.message = "the file has aggregates alone: no interval";
  }
  to.run.records.push_back(std::move(record));
}

class GoogleBenchmarkImporter : public Importer {
 public:
  RunFolder Import(const fs::path& file) const override {
    RunFolder table = ReadGoogleBenchmark(file).run;
    table.environment["source"] =
        SourceOfFile("Google Benchmark", file, ReadFile(file));
    for (Record& record : table.records)
      record.setting["source"] = table.environment["source"].get<std::string>();
    return table;
  }
};

}  // namespace

GoogleBenchmarkRun ReadGoogleBenchmark(const fs::path& file) {
  const std::string source = file.string();
  const Json json = ReadJsonFile(file);
  EYECHART_REQUIRE(json.is_object(), "{}: should be a JSON object, is {}",
                   source, json.type_name());
  const Json& context = Member(json, "context", source);
  const std::string in_context = source + ": context";
  EYECHART_REQUIRE(context.is_object(), "{}: should be an object", in_context);
  GoogleBenchmarkRun imported;
  RunFolder& run = imported.run;
  run.name = file.stem().string();
  run.environment = EnvironmentOf(context, in_context);
  for (const Benchmark& benchmark : ReadBenchmarks(json, source))
    for (const bool cpu : {false, true})
      AddCell(benchmark, cpu, source, imported);
  const std::string environment =
      Sha256Hex(CanonicalJson(run.environment)).substr(0, 16);
  const std::string started =
      UtcOf(JsonGetOr<std::string>(context, "date", "", in_context));
  for (Record& record : run.records) {
    record.run = run.name;
    record.environment = environment;
    record.started = started;
  }
  return imported;
}

void WriteImportedRun(const GoogleBenchmarkRun& imported,
                      const fs::path& folder) {
  const fs::path rows = folder / "records.jsonl";
  EYECHART_REQUIRE(!fs::exists(rows),
                   "{}: holds a run already; give a new folder",
                   folder.string());
  CreateFolder(folder / "samples");
  WriteFileAtomic(folder / "environment.json",
                  imported.run.environment.dump(2) + "\n");
  for (const auto& [cell, csv] : imported.samples)
    WriteFileAtomic(folder / "samples" / (CellSlug(cell) + ".csv"), csv);
  std::string lines;
  for (const Record& record : imported.run.records)
    lines += RecordToLine(record) + "\n";
  WriteFileAtomic(rows, lines);
}

bool IsGoogleBenchmark(std::string_view text) {
  const Json json = JsonOrNull(text);
  if (!json.is_object() || !json.contains("benchmarks")) return false;
  const auto context = json.find("context");
  return context != json.end() && context->is_object() &&
         context->contains("num_cpus");
}

std::unique_ptr<Importer> MakeGoogleBenchmarkImporter() {
  return std::make_unique<GoogleBenchmarkImporter>();
}

}  // namespace eyechart::reports
