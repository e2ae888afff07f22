// Picture files to pixels.
#include <benchmark/benchmark.h>

#include <string>

#include "benchmarks/micro/made_image.h"
#include "data/decode.h"
#include "data/scenes/encode.h"

namespace eyechart::benchmarks {
namespace {

constexpr int kQuality = 90;  // a camera's

void Run(benchmark::State& state,
         const std::string& file,
         data::DecodeMode mode) {
  data::DecodeOptions options;
  options.mode = mode;
  const data::TargetRule target = [](const data::PictureSize&) {
    return data::PictureSize{224, 224};
  };
  std::size_t pixels = 0;
  for (auto _ : state) {
    data::Decoded decoded = data::Decode(file, options, target);
    benchmark::DoNotOptimize(decoded.image.pixels.data());
    benchmark::ClobberMemory();
    pixels = decoded.image.pixels.size() / 3;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(file.size()));
  state.counters["pixels"] = static_cast<double>(pixels);
}

data::Image Picture(const benchmark::State& state) {
  return MakeImage(static_cast<int>(state.range(0)),
                   static_cast<int>(state.range(1)), 2);
}

void DecodeJpeg(benchmark::State& state, data::DecodeMode mode) {
  Run(state, scenes::EncodeJpeg(Picture(state), kQuality), mode);
}

void DecodePng(benchmark::State& state) {
  Run(state, scenes::EncodePng(Picture(state)), data::DecodeMode::kExact);
}

void Sizes(benchmark::internal::Benchmark* sizes) {
  sizes->Args({640, 480})->Args({1920, 1080})->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(DecodeJpeg, exact, data::DecodeMode::kExact)->Apply(Sizes);
BENCHMARK_CAPTURE(DecodeJpeg, fast, data::DecodeMode::kFast)->Apply(Sizes);
BENCHMARK(DecodePng)->Args({640, 480})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace eyechart::benchmarks
