// Pillow's resampling from a camera's sizes to an encoder's.
#include <benchmark/benchmark.h>

#include "benchmarks/micro/made_image.h"
#include "data/resize.h"

namespace eyechart::benchmarks {
namespace {

// width, height, side of the result.
void Resize(benchmark::State& state, data::Filter filter) {
  const data::Image image = MakeImage(static_cast<int>(state.range(0)),
                                      static_cast<int>(state.range(1)), 1);
  const int side = static_cast<int>(state.range(2));
  for (auto _ : state) {
    data::Image resized = data::Resize(image, side, side, filter);
    benchmark::DoNotOptimize(resized.pixels.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(image.pixels.size()));
}

void Sizes(benchmark::internal::Benchmark* sizes) {
  sizes->Args({640, 480, 224})
      ->Args({500, 375, 336})
      ->Args({1920, 1080, 224})
      ->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Resize, bicubic, data::Filter::kBicubic)->Apply(Sizes);
BENCHMARK_CAPTURE(Resize, bilinear, data::Filter::kBilinear)->Apply(Sizes);
BENCHMARK_CAPTURE(Resize, lanczos, data::Filter::kLanczos)
    ->Args({640, 480, 224})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace eyechart::benchmarks
