// Attention on the strided views that encoders hand over (transformer.cc), ours
// and LibTorch's, each to rows that the next layer reads.
#include <ATen/ops/scaled_dot_product_attention.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include "benchmarks/micro/made_tensor.h"
#include "encoders/attention.h"
#include "encoders/onednn.h"

namespace eyechart::benchmarks {
namespace {

at::Tensor LibtorchAttention(const at::Tensor& query,
                             const at::Tensor& key,
                             const at::Tensor& value) {
  return at::scaled_dot_product_attention(query, key, value)
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor OurAttention(const at::Tensor& query,
                        const at::Tensor& key,
                        const at::Tensor& value) {
  return encoders::DotProductAttention(query, key, value);
}

// batch, tokens, heads; a head is 64 wide in every ViT of CLIP and DINOv2.
template <typename Function>
void Attention(benchmark::State& state,
               c10::ScalarType dtype,
               Function attend) {
  constexpr std::int64_t kHeadWidth = 64;
  if (!encoders::OneDnnComputes(dtype)) {
    state.SkipWithError("this processor has no units for the dtype");
    return;
  }
  const c10::InferenceMode no_gradients;
  const std::int64_t batch = state.range(0), tokens = state.range(1);
  const std::int64_t heads = state.range(2);
  const at::Tensor triple = MakeTensor({batch, tokens, 3, heads, kHeadWidth}, 3)
                                .to(dtype)
                                .permute({2, 0, 3, 1, 4});
  for (auto _ : state) {
    at::Tensor mixed = attend(triple[0], triple[1], triple[2]);
    benchmark::DoNotOptimize(mixed.data_ptr());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.SetBytesProcessed(state.iterations() * triple.numel() *
                          triple.element_size());
  // Products with the keys and with the values, two operations each.
  const std::int64_t flops =
      4 * batch * heads * tokens * tokens * kHeadWidth * state.iterations();
  state.counters["flops"] = benchmark::Counter(static_cast<double>(flops),
                                               benchmark::Counter::kIsRate);
}

void Shapes(benchmark::internal::Benchmark* shapes) {
  shapes
      ->Args({1, 197, 12})  // ViT-B/16
      ->Args({8, 197, 12})
      ->Args({8, 257, 16})   // ViT-L/14
      ->Args({2, 1370, 16})  // at 518 pixels
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();  // on LibTorch's threads
}

BENCHMARK_CAPTURE(Attention, fp32, c10::kFloat, OurAttention)->Apply(Shapes);
BENCHMARK_CAPTURE(Attention, bf16, c10::kBFloat16, OurAttention)->Apply(Shapes);
BENCHMARK_CAPTURE(Attention, fp32_libtorch, c10::kFloat, LibtorchAttention)
    ->Apply(Shapes);
BENCHMARK_CAPTURE(Attention, bf16_libtorch, c10::kBFloat16, LibtorchAttention)
    ->Apply(Shapes);

}  // namespace
}  // namespace eyechart::benchmarks
