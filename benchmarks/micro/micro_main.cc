// eyechart-micro: hot functions by themselves, on Google Benchmark. Its own
// flags hold (--benchmark_filter, --benchmark_out=FILE,
// --benchmark_out_format=json); ours are defaults that later flags replace: 7
// repetitions, in random order over all benchmarks. Threads of LibTorch are
// those of OMP_NUM_THREADS.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include "benchmarks/load/machine.h"

namespace eyechart::benchmarks {
namespace {

// Six repetitions are the fewest whose median has an interval at 95 %; blocks
// of one benchmark after another meet different hours of a busy machine.
constexpr const char* kDefaults[] = {
    "--benchmark_repetitions=7", "--benchmark_enable_random_interleaving=true"};

// What the library does not tell of the machine and of our build.
void AddContext() {
  const Build build = ReadBuild();
  benchmark::AddCustomContext("cpu", ReadMachine().cpu);
  benchmark::AddCustomContext("threads", std::to_string(at::get_num_threads()));
  benchmark::AddCustomContext("eyechart", build.commit);
  benchmark::AddCustomContext("flags", build.flags);
  benchmark::AddCustomContext("allocator", build.allocator);
  for (const Finding& finding : JudgeBuild(build))
    std::fprintf(stderr, "eyechart-micro: %s\n", finding.reason.c_str());
}

int Main(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  words.insert(words.begin() + (argc > 0 ? 1 : 0), std::begin(kDefaults),
               std::end(kDefaults));
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int count = static_cast<int>(words.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;
  AddContext();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace eyechart::benchmarks

int main(int argc, char** argv) {
  try {
    return eyechart::benchmarks::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "eyechart-micro: %s\n", error.what());
    return 2;
  }
}
