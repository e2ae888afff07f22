// A function of eyechart-micro on our own load generator, for harness.py:
//   harness_probe nms|resize|nothing SECONDS
//     calls, single stream for so many seconds, the same function on the same
//     input as Nms/torchvision/1000 or Resize/bicubic/640/480/224; prints
//     {"median_ns", "mean_ns", "n", "valid", "overhead_inside_ns",
//     "overhead_ns", "gap_ns"}: overheads are those that every result of
//     `bench` tells; the gap is what passed in this run from an answer to the
//     next call, the median.
//   harness_probe same REPETITIONS
//     compares nms with itself so often, 20 blocks ABBA each time; prints
//     {"repetitions", "inside"}: in how many the interval of the ratio holds 1.
//   harness_probe run SUITE --out DIR --filter GLOB --fresh
//     answers as eyechart does, so that `gate --ab` can let processes take
//     turns. SUITE is {"subject": "nms", "seconds": 0.05} and has one cell.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/compare/harness_calls.h"
#include "benchmarks/load/clock.h"
#include "benchmarks/load/pairs.h"
#include "benchmarks/load/scenario.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/record.h"
#include "core/statistics.h"
#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

namespace fs = std::filesystem;

class FunctionDevice final : public DeviceUnderTest {
 public:
  FunctionDevice(std::string name, std::function<void()> call)
      : name_(std::move(name)), call_(std::move(call)) {}
  std::string Name() const override { return name_; }
  std::vector<std::string> Stages() const override { return {}; }
  std::int64_t SampleCount() const override { return 1; }
  void Prepare(const LoadPlan&) override {}
  void Run(const Query&, StageRecorder&) override { call_(); }

 private:
  std::string name_;
  std::function<void()> call_;
};

LoadResult Load(const std::string& subject, double seconds) {
  FunctionDevice device(subject, CallOf(subject));
  MonotonicClock clock;
  LoadOptions options;
  options.min_seconds = seconds;
  options.warmup_seconds = seconds / 5;
  return RunLoad(device, clock, options);
}

// From an answer to the next call.
double MedianGap(const std::vector<QueryRow>& rows) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < rows.size(); ++i)
    gaps.push_back(static_cast<double>(
        rows[i].started_ns - rows[i - 1].started_ns - rows[i - 1].latency_ns));
  return Median(gaps);
}

Json Measure(const std::string& subject, double seconds) {
  const LoadResult result = Load(subject, seconds);
  const std::vector<std::int64_t> latencies = result.samples.LatenciesNs();
  const double sum = std::accumulate(latencies.begin(), latencies.end(), 0.0);
  return {{"median_ns", result.latency.median.value.value()},
          {"mean_ns", sum / static_cast<double>(latencies.size())},
          {"n", latencies.size()},
          {"valid", result.valid()},
          {"overhead_inside_ns", result.overhead.inside_ns},
          {"overhead_ns", result.overhead.total_ns()},
          {"gap_ns", MedianGap(result.samples.rows)}};
}

Json CompareWithItself(int repetitions) {
  FunctionDevice device("nms", CallOf("nms"));
  MonotonicClock clock;
  int inside = 0;
  for (int i = 0; i < repetitions; ++i) {
    PairOptions options;
    options.seed = static_cast<std::uint64_t>(i);
    options.seeds = LoadSeeds::From(options.seed);
    options.queries_per_turn = 50;  // two milliseconds a turn
    const PairResult result = RunPairs(device, device, clock, options);
    inside += result.ratio.ci->low <= 1 && 1 <= result.ratio.ci->high;
  }
  return {{"repetitions", repetitions}, {"inside", inside}};
}

// A run folder with one cell, its median and its samples.
void WriteRun(const fs::path& out, const Json& suite, const fs::path& source) {
  const auto subject = JsonGet<std::string>(suite, "subject", source.string());
  const LoadResult result =
      Load(subject, JsonGet<double>(suite, "seconds", source.string()));
  const Json environment = {{"schema", 1}, {"device", "cpu"}};
  Record record;
  record.run = "harness";
  record.encoder = subject;
  record.task = "bench";
  record.dataset = "none";
  record.cell = subject + "/bench/none/default";
  SetMetric(record, "latency_median", result.latency.median.value.value());
  record.n = result.latency.n;
  record.ci = result.latency.median.ci;
  record.environment = Sha256Hex(CanonicalJson(environment)).substr(0, 16);
  record.started = UtcNow();
  record.seconds = result.seconds;
  CreateFolder(out / "samples");
  WriteSamples(out / "samples" / (CellSlug(record.cell) + ".csv"),
               result.samples);
  WriteFileAtomic(out / "environment.json", environment.dump(1) + "\n");
  WriteFileAtomic(out / "records.jsonl", RecordToLine(record) + "\n");
}

// Other options of `run` come with a value, which says nothing to one cell.
void AnswerRun(const std::vector<std::string>& words) {
  fs::path out;
  for (std::size_t i = 1; i + 1 < words.size(); ++i)
    if (words[i] == "--out") out = words[i + 1];
  EYECHART_REQUIRE(!out.empty(), "usage: run SUITE --out DIR");
  WriteRun(out, ReadJsonFile(words[0]), words[0]);
}

int HarnessProbe(const std::vector<std::string>& words) {
  if (words.size() >= 2 && words[0] == "run") {
    AnswerRun({words.begin() + 1, words.end()});
    return 0;
  }
  const auto number = words.size() == 2 ? ParseDouble(words[1]) : std::nullopt;
  if (!number || !(*number > 0)) {
    std::fputs(
        "usage: harness_probe nms|resize|nothing SECONDS, same REPETITIONS, "
        "or run SUITE --out DIR\n",
        stderr);
    return 2;
  }
  const Json json = words[0] == "same"
                        ? CompareWithItself(static_cast<int>(*number))
                        : Measure(words[0], *number);
  std::puts(json.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace eyechart::benchmarks

int main(int argc, char** argv) {
  try {
    return eyechart::benchmarks::HarnessProbe({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "harness_probe: %s\n", error.what());
    return 2;
  }
}
