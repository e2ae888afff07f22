// What NVIDIA's management library says of a GPU. It comes with the driver, so
// that it is looked for when the program runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eyechart::benchmarks {

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

/// What stays as it is while we measure: no clock or power of this moment.
struct NvmlFacts {
  std::string driver;                      // "580.95.05"; "": not told
  std::optional<std::int64_t> max_sm_mhz;  // of the multiprocessors
  std::optional<std::int64_t> max_memory_mhz;
  std::optional<double> power_limit_w;  // the cap that is set
};

/// Bits of NvmlState::limits: what keeps the clocks down, as NVIDIA's nvml.h
/// numbers it (nvmlClocksEventReasons, earlier nvmlClocksThrottleReasons).
inline constexpr std::uint64_t kNvmlIdle = 0x1;
inline constexpr std::uint64_t kNvmlApplicationClocks = 0x2;
inline constexpr std::uint64_t kNvmlPowerCap = 0x4;
inline constexpr std::uint64_t kNvmlHardware = 0x8;
inline constexpr std::uint64_t kNvmlSyncBoost = 0x10;
inline constexpr std::uint64_t kNvmlHeat = 0x20;
inline constexpr std::uint64_t kNvmlHardwareHeat = 0x40;
inline constexpr std::uint64_t kNvmlPowerBrake = 0x80;
inline constexpr std::uint64_t kNvmlDisplayClocks = 0x100;

/// A process with a compute context.
struct NvmlProcess {
  // As the driver counts them: in a container these are the host's numbers.
  std::int64_t pid = 0;
  // The part of the GPU that it is on; none: the GPU is not parted (MIG), or
  // the driver is too old to tell.
  std::optional<std::int64_t> instance;
};

/// What changes while we measure; empty is what the driver does not tell.
struct NvmlState {
  std::optional<std::int64_t> sm_mhz;
  std::optional<std::int64_t> memory_mhz;
  std::optional<std::int64_t> temperature_c;
  std::optional<double> power_w;
  // Share of its last period (1/6 s to 1 s) in which a kernel ran.
  std::optional<double> use;
  std::optional<std::int64_t> memory_used_bytes;  // by all
  std::optional<std::uint64_t> limits;            // bits as above
  std::optional<std::vector<NvmlProcess>> processes;
};

class NvmlLibrary;

/// A GPU, with the library open as long as it or a copy lives. Several threads
/// may ask at a time.
class NvmlGpu {
 public:
  /// The one at `pci_bus_id` ("0000:3B:00.0"); none where `library` is absent
  /// or knows no such GPU.
  static std::optional<NvmlGpu> Open(const std::string& pci_bus_id,
                                     const std::string& library = kNvmlLibrary);

  NvmlFacts Facts() const;
  NvmlState State() const;

 private:
  NvmlGpu(std::shared_ptr<const NvmlLibrary> library, void* device)
      : library_(std::move(library)), device_(device) {}

  std::shared_ptr<const NvmlLibrary> library_;
  void* device_;
};

/// The facts of NvmlGpu::Open; a fact that the library does not tell stays
/// empty.
std::optional<NvmlFacts> ReadNvml(const std::string& pci_bus_id,
                                  const std::string& library = kNvmlLibrary);

}  // namespace eyechart::benchmarks
