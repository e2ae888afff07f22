// Suppression of a detector's boxes, on one thread.
#include <benchmark/benchmark.h>

#include <vector>

#include "benchmarks/micro/made_boxes.h"
#include "probes/detection/nms/nms.h"
#include "probes/detection/nms/soft_nms.h"

namespace eyechart::benchmarks {
namespace {

void Count(benchmark::State& state, const MadeBoxes& made, std::size_t kept) {
  const auto boxes = static_cast<std::int64_t>(made.scores.size());
  state.SetItemsProcessed(state.iterations() * boxes);
  state.SetBytesProcessed(
      state.iterations() * boxes *
      static_cast<std::int64_t>(5 * sizeof(float) + sizeof(std::int64_t)));
  state.counters["kept"] = static_cast<double>(kept);
}

// boxes of 80 classes.
void Nms(benchmark::State& state, detection::NmsSemantics semantics) {
  const MadeBoxes made = MakeBoxes(state.range(0), 5);
  detection::NmsOptions options;
  options.semantics = semantics;
  options.iou_threshold = 0.6;
  options.threads = 1;
  std::size_t kept = 0;
  for (auto _ : state) {
    std::vector<std::int64_t> stay =
        detection::Nms(made.boxes, made.scores, made.classes, options);
    benchmark::DoNotOptimize(stay.data());
    benchmark::ClobberMemory();
    kept = stay.size();
  }
  Count(state, made, kept);
}

void SoftNms(benchmark::State& state) {
  const MadeBoxes made = MakeBoxes(state.range(0), 5);
  std::size_t kept = 0;
  for (auto _ : state) {
    detection::SoftNmsResult stay =
        detection::SoftNms(made.boxes, made.scores, made.classes);
    benchmark::DoNotOptimize(stay.kept.data());
    benchmark::ClobberMemory();
    kept = stay.kept.size();
  }
  Count(state, made, kept);
}

BENCHMARK_CAPTURE(Nms, torchvision, detection::NmsSemantics::kTorchvision)
    ->Arg(300)
    ->Arg(1000)
    ->Arg(10'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Nms, opencv, detection::NmsSemantics::kOpenCv)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(SoftNms)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace eyechart::benchmarks
