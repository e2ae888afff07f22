// A program that answers `run SUITE --out DIR --filter GLOB --fresh` as
// eyechart does, with a busy loop in the place of a model: what
// benchmarks/compare/ab_gate.py measures `gate --ab` with. It is built with
// several SLOW_PERCENT: 100 is the old build, 110 one that is 10 % slower.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/random.h"
#include "core/record.h"
#include "core/statistics.h"
#include "core/text.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSpeedCell = "loop/bench/none/default";
constexpr const char* kScoreCell = "loop/knn/coins/default";
constexpr std::int64_t kQueries = 60;
constexpr std::uint64_t kSteps = 400'000;  // of a query: some 0.5 ms

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Written by each query: no compiler can leave one out, or move it.
volatile std::uint64_t g_sink = 0;

void Work() {
  Random random(1);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < kSteps * SLOW_PERCENT / 100; ++i)
    sum ^= random.Next();
  g_sink = sum;
}

Record RecordOf(const std::string& cell,
                const std::string& metric,
                double value,
                const std::string& environment) {
  Record record;
  record.run = "loop";
  record.cell = cell;
  record.encoder = "loop";
  record.task = cell == kSpeedCell ? "bench" : "knn";
  record.dataset = cell == kSpeedCell ? "none" : "coins";
  record.metric = metric;
  record.value = value;
  record.n = kQueries;
  record.environment = environment;
  record.started = UtcNow();
  return record;
}

// A latency and its samples.
std::string Measure(const fs::path& out, const std::string& environment) {
  const std::int64_t origin = NowNs();
  std::string csv = "query,pair,started_ns,latency_ns\n";
  std::vector<double> latencies;
  Work();  // warm-up
  for (std::int64_t query = 0; query < kQueries; ++query) {
    const std::int64_t begin = NowNs();
    Work();
    const std::int64_t end = NowNs();
    latencies.push_back(static_cast<double>(end - begin));
    csv += fmt::format("{},,{},{}\n", query, begin - origin, end - begin);
  }
  const double seconds = static_cast<double>(NowNs() - origin) * 1e-9;
  CreateFolder(out / "samples");
  WriteFileAtomic(out / "samples" / (CellSlug(kSpeedCell) + ".csv"), csv);
  Record latency =
      RecordOf(kSpeedCell, "latency_median", Median(latencies), environment);
  latency.unit = "ns";
  latency.direction = "lower";
  latency.seconds = seconds;
  return RecordToLine(latency) + "\n";
}

// The same answers in every build.
std::string Score(const fs::path& out, const std::string& environment) {
  Random random(7);
  std::string csv = "id,truth,prediction,correct\n";
  std::int64_t right = 0;
  constexpr std::int64_t kItems = 200;
  for (std::int64_t item = 0; item < kItems; ++item) {
    const bool correct = random.Below(10) != 0;
    right += correct ? 1 : 0;
    csv += fmt::format("i{},heads,{},{}\n", item, correct ? "heads" : "tails",
                       correct ? 1 : 0);
  }
  CreateFolder(out / "outcomes");
  WriteFileAtomic(out / "outcomes" / (CellSlug(kScoreCell) + ".csv"), csv);
  Record record = RecordOf(
      kScoreCell, "top1",
      static_cast<double>(right) / static_cast<double>(kItems), environment);
  record.unit = "1";
  record.direction = "higher";
  record.n = kItems;
  record.ci = WilsonInterval(right, kItems);
  record.seconds = 1e-3;
  return RecordToLine(record) + "\n";
}

int Run(const std::vector<std::string>& arguments) {
  EYECHART_REQUIRE(arguments.size() >= 2 && arguments[0] == "run",
                   "usage: run SUITE --out DIR [--filter GLOB] [--fresh]");
  std::string filter = "*";
  fs::path out;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    if (arguments[i] == "--fresh") continue;
    EYECHART_REQUIRE(i + 1 < arguments.size(), "{}: lacks its value",
                     arguments[i]);
    if (arguments[i] == "--out")
      out = arguments[i + 1];
    else if (arguments[i] == "--filter")
      filter = arguments[i + 1];
    ++i;
  }
  EYECHART_REQUIRE(!out.empty(), "--out is missing");
  CreateFolder(out);
  WriteFileAtomic(out / "suite.toml", ReadFile(arguments[1]));
  const Json environment = {{"schema", 1}, {"device", "cpu"}};
  WriteFileAtomic(out / "environment.json", environment.dump(1) + "\n");
  const std::string hash = Sha256Hex(CanonicalJson(environment)).substr(0, 16);
  std::string lines;
  if (GlobMatch(filter, kSpeedCell)) lines += Measure(out, hash);
  if (GlobMatch(filter, kScoreCell)) lines += Score(out, hash);
  EYECHART_REQUIRE(!lines.empty(), "--filter \"{}\" matches none of 2 cells",
                   filter);
  WriteFileAtomic(out / "records.jsonl", lines);
  return 0;
}

}  // namespace
}  // namespace eyechart

int main(int argc, char** argv) {
  try {
    return eyechart::Run({argv + 1, argv + argc});
  } catch (const eyechart::InputError& error) {
    std::fprintf(stderr, "slow_suite: error: %s\n", error.what());
    return 2;
  }
}
