// The products of one tile of the exact pair engine.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/random.h"
#include "encoders/onednn.h"
#include "mining/tile_product.h"

namespace eyechart::benchmarks {
namespace {

// Rows of length 1, as the engine takes them.
std::vector<float> MakeRows(std::int64_t rows, std::int64_t width) {
  Random random(4);
  std::vector<float> values;
  for (std::int64_t row = 0; row < rows; ++row) {
    double squares = 0;
    const std::size_t begin = values.size();
    for (std::int64_t i = 0; i < width; ++i) {
      values.push_back(static_cast<float>(random.Uniform() - 0.5));
      squares += static_cast<double>(values.back()) * values.back();
    }
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (std::size_t i = begin; i < values.size(); ++i) values[i] *= scale;
  }
  return values;
}

// side of the tile, width of a row.
void TileProduct(benchmark::State& state, const std::string& precision) {
  if (precision == "bf16" && !encoders::OneDnnComputes(c10::kBFloat16)) {
    state.SkipWithError("this processor has no units for bf16");
    return;
  }
  const std::int64_t side = state.range(0), width = state.range(1);
  mining::EngineOptions options;
  options.precision = precision;
  const mining::TileProduct product(options, width);
  std::vector<float> rows = MakeRows(2 * side, width);
  const mining::Block block = product.Take(rows.data(), 0, 2 * side);
  std::vector<float> out(static_cast<std::size_t>(side * side));
  for (auto _ : state) {
    product.Multiply(block, 0, side, block, side, side, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * side * side);  // cosines
  state.SetBytesProcessed(state.iterations() * 2 * side * width *
                          block.values.element_size());
}

void Shapes(benchmark::internal::Benchmark* shapes) {
  shapes->Args({512, 768})
      ->Args({512, 1024})
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();  // on LibTorch's threads
}

BENCHMARK_CAPTURE(TileProduct, fp32, "fp32")->Apply(Shapes);
BENCHMARK_CAPTURE(TileProduct, bf16, "bf16")->Apply(Shapes);

}  // namespace
}  // namespace eyechart::benchmarks
