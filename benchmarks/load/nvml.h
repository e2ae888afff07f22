// What NVIDIA's management library says of a GPU. It comes with the driver, so
// that it is looked for when the program runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace eyechart::benchmarks {

/// What stays as it is while we measure: no clock or power of this moment.
struct NvmlFacts {
  std::string driver;                      // "580.95.05"; "": not told
  std::optional<std::int64_t> max_sm_mhz;  // of the multiprocessors
  std::optional<std::int64_t> max_memory_mhz;
  std::optional<double> power_limit_w;  // the cap that is set
};

/// Of the GPU at `pci_bus_id` ("0000:3B:00.0"). None where `library` is absent
/// or knows no such GPU; a fact that it does not tell stays empty.
std::optional<NvmlFacts> ReadNvml(
    const std::string& pci_bus_id,
    const std::string& library = "libnvidia-ml.so.1");

}  // namespace eyechart::benchmarks
