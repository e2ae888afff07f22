// Calls timed by Google Benchmark, for harness.py, in two ways: "nms/loop",
// many calls at once as it is used, and "nms", where each repetition is one
// call, so that a median of calls can be set beside our harness'. The flags are
// Google Benchmark's:
//   harness_google --benchmark_filter=^nms/iterations:1$
//     --benchmark_repetitions=1000 --benchmark_format=json
// Subjects are those of harness_calls.h.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "benchmarks/compare/harness_calls.h"

namespace eyechart::benchmarks {
namespace {

// Calls before the timed one, which Google Benchmark's clock does not see: a
// load that comes without a pause finds the function in the caches, and what
// the library does between two repetitions may have driven it out.
constexpr int kCallsBefore = 5;

void TimeOneCall(benchmark::State& state, const std::function<void()>& call) {
  for (int i = 0; i < kCallsBefore; ++i) call();
  for (auto _ : state) call();
}

int RunHarnessGoogle(int argc, char** argv) {
  for (const char* subject : {"nms", "resize", "nothing"}) {
    const std::function<void()> call = CallOf(subject);
    benchmark::RegisterBenchmark(subject, [call](benchmark::State& state) {
      TimeOneCall(state, call);
    })->Iterations(1);
    const std::string loop = std::string(subject) + "/loop";
    benchmark::RegisterBenchmark(loop.c_str(), [call](benchmark::State& state) {
      for (auto _ : state) call();
    });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace eyechart::benchmarks

int main(int argc, char** argv) {
  try {
    return eyechart::benchmarks::RunHarnessGoogle(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "harness_google: %s\n", error.what());
    return 2;
  }
}
