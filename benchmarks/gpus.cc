#include "benchmarks/gpus.h"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <utility>

#include "core/text.h"

#ifdef EYECHART_CUDA
#include <cuda_runtime_api.h>

#include <array>
#endif

namespace eyechart::benchmarks {
namespace {

#ifdef EYECHART_CUDA
// "0000:3B:00.0"; "" where the driver does not tell. CUDA's numbers are its
// own: CUDA_VISIBLE_DEVICES renumbers, and the management library does not.
std::string PciBusId(int index) {
  std::array<char, 32> bus_id{};
  const cudaError_t error = cudaDeviceGetPCIBusId(
      bus_id.data(), static_cast<int>(bus_id.size()), index);
  if (error == cudaSuccess) return bus_id.data();
  cudaGetLastError();  // or LibTorch's next call would report it
  return "";
}

std::optional<Gpu> ReadGpu(int index) {
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, index) != cudaSuccess) {
    cudaGetLastError();
    return std::nullopt;
  }
  Gpu gpu;
  gpu.name = properties.name;
  gpu.compute_capability =
      fmt::format("{}.{}", properties.major, properties.minor);
  gpu.multiprocessors = properties.multiProcessorCount;
  gpu.memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem);
  int driver = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0)
    gpu.driver_cuda = CudaVersionText(driver);
  cudaGetLastError();
  if (const std::string bus_id = PciBusId(index); !bus_id.empty())
    gpu.nvml = ReadNvml(bus_id);
  return gpu;
}
#else
std::optional<Gpu> ReadGpu(int) { return std::nullopt; }
#endif

}  // namespace

std::vector<int> CudaIndices(const std::vector<std::string>& devices) {
  std::set<int> indices;
  for (const std::string& device : devices) {
    if (device == "cuda") indices.insert(0);
    if (!device.starts_with("cuda:")) continue;
    const auto index = ParseInt(std::string_view(device).substr(5));
    if (index.has_value() && *index >= 0 && *index < 1024)
      indices.insert(static_cast<int>(*index));
  }
  return {indices.begin(), indices.end()};
}

std::vector<Gpu> ReadGpus(const std::vector<std::string>& devices) {
  std::vector<Gpu> gpus;
  for (const int index : CudaIndices(devices))
    if (auto gpu = ReadGpu(index)) gpus.push_back(std::move(*gpu));
  return gpus;
}

std::vector<WatchedGpu> GpusToWatch(
    const std::vector<std::string>& devices,
    const std::function<std::string(int)>& bus_id) {
  std::vector<WatchedGpu> gpus;
  for (const int index : CudaIndices(devices))
    gpus.push_back({fmt::format("cuda:{}", index), bus_id(index)});
  return gpus;
}

std::vector<WatchedGpu> GpusToWatch(const std::vector<std::string>& devices) {
#ifdef EYECHART_CUDA
  return GpusToWatch(devices, PciBusId);
#else
  static_cast<void>(devices);
  return {};
#endif
}

Json GpusJson(const std::vector<Gpu>& gpus) {
  Json json = Json::array();
  for (const Gpu& gpu : gpus) {
    Json one = {{"name", gpu.name},
                {"compute_capability", gpu.compute_capability},
                {"multiprocessors", gpu.multiprocessors},
                {"memory_bytes", gpu.memory_bytes}};
    if (!gpu.driver_cuda.empty()) one["driver_cuda"] = gpu.driver_cuda;
    if (gpu.nvml.has_value()) {
      const NvmlFacts& nvml = *gpu.nvml;
      if (!nvml.driver.empty()) one["driver"] = nvml.driver;
      if (nvml.max_sm_mhz) one["max_sm_mhz"] = *nvml.max_sm_mhz;
      if (nvml.max_memory_mhz) one["max_memory_mhz"] = *nvml.max_memory_mhz;
      if (nvml.power_limit_w) one["power_limit_w"] = *nvml.power_limit_w;
    }
    json.push_back(one);
  }
  return json;
}

std::string CudaVersionText(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace eyechart::benchmarks
