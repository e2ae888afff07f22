#include "benchmarks/load/nvml.h"

#include <dlfcn.h>

#include <array>

namespace eyechart::benchmarks {
namespace {

// As nvml.h declares them: the library's interface keeps old names working.
using NvmlDevice = void*;
constexpr int kNvmlSuccess = 0;
constexpr int kNvmlClockSm = 1;
constexpr int kNvmlClockMemory = 2;

class NvmlLibrary {
 public:
  explicit NvmlLibrary(const std::string& name)
      : library_(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)),
        started_(Call<>("nvmlInit_v2")) {}
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;
  ~NvmlLibrary() {
    if (started_) Call<>("nvmlShutdown");
    if (library_ != nullptr) dlclose(library_);
  }

  bool started() const { return started_; }

  // Whether the function is there and succeeds.
  template <typename... Args>
  bool Call(const char* name, Args... args) const {
    if (library_ == nullptr) return false;
    void* symbol = dlsym(library_, name);
    if (symbol == nullptr) return false;
    return reinterpret_cast<int (*)(Args...)>(symbol)(args...) == kNvmlSuccess;
  }

 private:
  void* library_;
  bool started_;
};

std::optional<std::int64_t> MaxClock(const NvmlLibrary& nvml,
                                     NvmlDevice device,
                                     int clock) {
  unsigned int mhz = 0;
  if (!nvml.Call("nvmlDeviceGetMaxClockInfo", device, clock, &mhz))
    return std::nullopt;
  return mhz;
}

}  // namespace

std::optional<NvmlFacts> ReadNvml(const std::string& pci_bus_id,
                                  const std::string& library) {
  const NvmlLibrary nvml(library);
  NvmlDevice device = nullptr;
  if (!nvml.started() || !nvml.Call("nvmlDeviceGetHandleByPciBusId_v2",
                                    pci_bus_id.c_str(), &device))
    return std::nullopt;
  NvmlFacts facts;
  std::array<char, 96> driver{};
  if (nvml.Call("nvmlSystemGetDriverVersion", driver.data(),
                static_cast<unsigned int>(driver.size() - 1)))
    facts.driver = driver.data();
  facts.max_sm_mhz = MaxClock(nvml, device, kNvmlClockSm);
  facts.max_memory_mhz = MaxClock(nvml, device, kNvmlClockMemory);
  unsigned int milliwatts = 0;
  if (nvml.Call("nvmlDeviceGetPowerManagementLimit", device, &milliwatts))
    facts.power_limit_w = static_cast<double>(milliwatts) / 1e3;
  return facts;
}

}  // namespace eyechart::benchmarks
