// The GPUs that numbers were measured on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/load/gpu_watch.h"
#include "benchmarks/load/nvml.h"
#include "core/json.h"

namespace eyechart::benchmarks {

struct Gpu {
  std::string name;                // "NVIDIA H100 80GB HBM3"
  std::string compute_capability;  // "9.0"
  std::int64_t multiprocessors = 0;
  std::int64_t memory_bytes = 0;
  std::string driver_cuda;        // newest CUDA that the driver runs: "13.0"
  std::optional<NvmlFacts> nvml;  // none: the management library is absent
};

/// Indices that "cuda" (0) and "cuda:N" among `devices` name, each once and in
/// order; other names name none.
std::vector<int> CudaIndices(const std::vector<std::string>& devices);

/// The CUDA devices among `devices`, by index. One that the driver does not
/// tell of is left out; a build without CUDA has none.
std::vector<Gpu> ReadGpus(const std::vector<std::string>& devices);

/// The CUDA devices among `devices` as the management library finds them, by
/// index. One that the driver tells no bus id of has an empty one: it is in use
/// and cannot be watched, which is to be said. A build without CUDA has none.
std::vector<WatchedGpu> GpusToWatch(const std::vector<std::string>& devices);

/// The same in any build, with the bus ids that `bus_id` tells of indices.
std::vector<WatchedGpu> GpusToWatch(
    const std::vector<std::string>& devices,
    const std::function<std::string(int)>& bus_id);

/// Of environment.json: a list, without what is not known. Nothing in it names
/// one GPU among those of its kind.
Json GpusJson(const std::vector<Gpu>& gpus);

/// CUDA's number of a version, 1000 major + 10 minor, as "13.0".
std::string CudaVersionText(int version);

}  // namespace eyechart::benchmarks
