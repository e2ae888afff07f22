// Opening a checkpoint, and reading all of one from the page cache.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/micro/scratch.h"
#include "core/safetensors.h"

namespace eyechart::benchmarks {
namespace {

using Tensors = std::vector<std::pair<std::string, std::size_t>>;  // bytes

// The tensors of a ViT of `layers` layers, `width` wide, in float32.
Tensors VitTensors(std::int64_t layers, std::int64_t width) {
  Tensors tensors;
  const auto add = [&](const std::string& name, std::int64_t values) {
    tensors.emplace_back(name, static_cast<std::size_t>(values) * 4);
  };
  add("embeddings.patch_embedding.weight", width * 3 * 16 * 16);
  add("embeddings.position_embedding.weight", width * 197);
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string layer = fmt::format("encoder.layers.{}.", i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      add(layer + "self_attn." + name + ".weight", width * width);
      add(layer + "self_attn." + name + ".bias", width);
    }
    for (const char* name : {"layer_norm1", "layer_norm2"}) {
      add(layer + name + ".weight", width);
      add(layer + name + ".bias", width);
    }
    for (const char* name : {"mlp.fc1", "mlp.fc2"}) {
      add(layer + name + ".weight", 4 * width * width);
      add(layer + name + ".bias", name[6] == '1' ? 4 * width : width);
    }
  }
  return tensors;
}

// A file with these tensors, all zeros; returns the bytes of their data.
std::size_t WriteCheckpoint(const std::filesystem::path& path,
                            const Tensors& tensors) {
  std::size_t largest = 0, total = 0;
  for (const auto& [name, bytes] : tensors) {
    largest = std::max(largest, bytes);
    total += bytes;
  }
  const std::vector<std::byte> zeros(largest);
  std::vector<std::pair<std::string, TensorView>> views;
  for (const auto& [name, bytes] : tensors)
    views.push_back({name,
                     {DType::kF32,
                      {static_cast<std::int64_t>(bytes / 4)},
                      std::span(zeros).first(bytes)}});
  std::ofstream out(path, std::ios::binary);
  out << SafetensorsHeader(views);
  for (const auto& [name, view] : views)
    out.write(reinterpret_cast<const char*>(view.data.data()),
              static_cast<std::streamsize>(view.data.size()));
  return total;
}

// layers, width: the header alone is read.
void SafetensorsOpen(benchmark::State& state) {
  const Scratch scratch;
  const std::filesystem::path file = scratch.path() / "model.safetensors";
  const Tensors tensors = VitTensors(state.range(0), state.range(1));
  WriteCheckpoint(file, tensors);
  for (auto _ : state) {
    const SafetensorsFile opened(file);
    benchmark::DoNotOptimize(opened.tensors().size());
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(tensors.size()));
}

// The same, and every tensor copied into memory that is there.
void SafetensorsRead(benchmark::State& state) {
  const Scratch scratch;
  const std::filesystem::path file = scratch.path() / "model.safetensors";
  const Tensors tensors = VitTensors(state.range(0), state.range(1));
  const std::size_t bytes = WriteCheckpoint(file, tensors);
  std::vector<std::byte> to(bytes);
  for (auto _ : state) {
    const SafetensorsFile opened(file);
    std::size_t at = 0;
    for (const auto& [name, view] : opened.tensors()) {
      std::memcpy(to.data() + at, view.data.data(), view.data.size());
      at += view.data.size();
    }
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(tensors.size()));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(bytes));
}

// The names of a ViT-L with small tensors: only their number counts.
BENCHMARK(SafetensorsOpen)->Args({24, 64})->Unit(benchmark::kMicrosecond);
// A ViT-S/16: 85 MB.
BENCHMARK(SafetensorsRead)->Args({12, 384})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace eyechart::benchmarks
