#include "benchmarks/load/nvml.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace eyechart::benchmarks {

// Functions by name, with the numbers and structs that NVIDIA's nvml.h gives
// them: the library keeps old names and their structs working.
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

  static constexpr int kSuccess = 0;
  static constexpr int kTooSmall = 7;     // NVML_ERROR_INSUFFICIENT_SIZE
  static constexpr int kNoFunction = 13;  // NVML_ERROR_FUNCTION_NOT_FOUND

  bool started() const { return started_; }

  // The function's own code, or kNoFunction.
  template <typename... Args>
  int Code(const char* name, Args... args) const {
    if (library_ == nullptr) return kNoFunction;
    void* symbol = dlsym(library_, name);
    if (symbol == nullptr) return kNoFunction;
    return reinterpret_cast<int (*)(Args...)>(symbol)(args...);
  }

  // Whether the function is there and succeeds.
  template <typename... Args>
  bool Call(const char* name, Args... args) const {
    return Code(name, args...) == kSuccess;
  }

 private:
  void* library_;
  bool started_;
};

namespace {

using NvmlHandle = void*;
constexpr int kNvmlClockSm = 1;
constexpr int kNvmlClockMemory = 2;
constexpr int kNvmlTemperatureGpu = 0;
constexpr unsigned int kNvmlNoInstance = 0xFFFFFFFF;

struct NvmlUtilization {  // nvmlUtilization_t
  unsigned int gpu;       // per cent
  unsigned int memory;
};

struct NvmlMemory {  // nvmlMemory_t
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// What nvmlDeviceGetComputeRunningProcesses writes; _v2 and _v3 write the
// second, and _v3 of the first drivers 535 the third, under the same name.
struct NvmlProcessV1 {
  unsigned int pid;
  unsigned long long used_memory;
};
struct NvmlProcessV2 {
  unsigned int pid;
  unsigned long long used_memory;
  unsigned int gpu_instance;
  unsigned int compute_instance;
};
struct NvmlProcessWide {
  NvmlProcessV2 known;
  unsigned long long protected_memory;
};
static_assert(sizeof(NvmlProcessV1) == 16 && sizeof(NvmlProcessV2) == 24 &&
              sizeof(NvmlProcessWide) == 32 && sizeof(NvmlMemory) == 24);

struct NvmlProcessCall {
  const char* name;
  std::size_t stride;  // bytes from one process to the next
};
constexpr std::array<NvmlProcessCall, 3> kNvmlProcessCalls = {
    {{"nvmlDeviceGetComputeRunningProcesses_v3", sizeof(NvmlProcessV2)},
     {"nvmlDeviceGetComputeRunningProcesses_v2", sizeof(NvmlProcessV2)},
     {"nvmlDeviceGetComputeRunningProcesses", sizeof(NvmlProcessV1)}}};

std::optional<std::int64_t> NvmlNumber(const NvmlLibrary& nvml,
                                       NvmlHandle device,
                                       const char* name) {
  unsigned int value = 0;
  if (!nvml.Call(name, device, &value)) return std::nullopt;
  return value;
}

// Of one kind: a clock or a sensor.
std::optional<std::int64_t> NvmlNumberOf(const NvmlLibrary& nvml,
                                         NvmlHandle device,
                                         const char* name,
                                         int kind) {
  unsigned int value = 0;
  if (!nvml.Call(name, device, kind, &value)) return std::nullopt;
  return value;
}

std::optional<double> NvmlWatts(const NvmlLibrary& nvml,
                                NvmlHandle device,
                                const char* name) {
  const auto milliwatts = NvmlNumber(nvml, device, name);
  if (!milliwatts.has_value()) return std::nullopt;
  return static_cast<double>(*milliwatts) / 1e3;
}

std::vector<NvmlProcess> NvmlProcessesIn(const std::vector<std::byte>& buffer,
                                         std::size_t count,
                                         std::size_t stride) {
  std::vector<NvmlProcess> processes(count);
  for (std::size_t i = 0; i < count; ++i) {
    NvmlProcessV2 raw{0, 0, kNvmlNoInstance, kNvmlNoInstance};
    std::memcpy(&raw, buffer.data() + i * stride,
                std::min(stride, sizeof(raw)));
    processes[i].pid = raw.pid;
    if (raw.gpu_instance != kNvmlNoInstance)
      processes[i].instance = raw.gpu_instance;
  }
  return processes;
}

// The processes by one name of the function; none: it is absent or fails.
std::optional<std::vector<NvmlProcess>> NvmlProcessesBy(
    const NvmlLibrary& nvml, NvmlHandle device, const NvmlProcessCall& call) {
  constexpr std::byte kUntouched{0xA5};
  // Others come and go between the call that counts and the one that lists.
  for (int tries = 0; tries < 5; ++tries) {
    unsigned int count = 0;
    const int code =
        nvml.Code(call.name, device, &count, static_cast<void*>(nullptr));
    if (code == NvmlLibrary::kSuccess) return std::vector<NvmlProcess>();
    if (code != NvmlLibrary::kTooSmall || count > 1'000'000)
      return std::nullopt;
    const std::size_t room = count;
    // Room for the widest, so that none writes beyond the end.
    std::vector<std::byte> buffer(room * sizeof(NvmlProcessWide), kUntouched);
    if (!nvml.Call(call.name, device, &count,
                   static_cast<void*>(buffer.data())) ||
        count != room)
      continue;
    // With every place taken, it was the wide form that came to the end.
    const bool wide = std::any_of(
        buffer.begin() + static_cast<std::ptrdiff_t>(room * call.stride),
        buffer.end(), [=](std::byte byte) { return byte != kUntouched; });
    return NvmlProcessesIn(buffer, room,
                           wide ? sizeof(NvmlProcessWide) : call.stride);
  }
  return std::nullopt;
}

}  // namespace

std::optional<NvmlGpu> NvmlGpu::Open(const std::string& pci_bus_id,
                                     const std::string& library) {
  auto nvml = std::make_shared<const NvmlLibrary>(library);
  NvmlHandle device = nullptr;
  if (!nvml->started() || !nvml->Call("nvmlDeviceGetHandleByPciBusId_v2",
                                      pci_bus_id.c_str(), &device))
    return std::nullopt;
  return NvmlGpu(std::move(nvml), device);
}

NvmlFacts NvmlGpu::Facts() const {
  NvmlFacts facts;
  std::array<char, 96> driver{};
  if (library_->Call("nvmlSystemGetDriverVersion", driver.data(),
                     static_cast<unsigned int>(driver.size() - 1)))
    facts.driver = driver.data();
  constexpr const char* kMaxClock = "nvmlDeviceGetMaxClockInfo";
  facts.max_sm_mhz = NvmlNumberOf(*library_, device_, kMaxClock, kNvmlClockSm);
  facts.max_memory_mhz =
      NvmlNumberOf(*library_, device_, kMaxClock, kNvmlClockMemory);
  facts.power_limit_w =
      NvmlWatts(*library_, device_, "nvmlDeviceGetPowerManagementLimit");
  return facts;
}

NvmlState NvmlGpu::State() const {
  const NvmlLibrary& nvml = *library_;
  NvmlState state;
  constexpr const char* kClock = "nvmlDeviceGetClockInfo";
  state.sm_mhz = NvmlNumberOf(nvml, device_, kClock, kNvmlClockSm);
  state.memory_mhz = NvmlNumberOf(nvml, device_, kClock, kNvmlClockMemory);
  // Renamed in drivers 535; the old name is tried where the new one is not.
  unsigned long long limits = 0;
  if (nvml.Call("nvmlDeviceGetCurrentClocksEventReasons", device_, &limits) ||
      nvml.Call("nvmlDeviceGetCurrentClocksThrottleReasons", device_, &limits))
    state.limits = limits;
  state.temperature_c = NvmlNumberOf(nvml, device_, "nvmlDeviceGetTemperature",
                                     kNvmlTemperatureGpu);
  state.power_w = NvmlWatts(nvml, device_, "nvmlDeviceGetPowerUsage");
  NvmlUtilization use{};
  if (nvml.Call("nvmlDeviceGetUtilizationRates", device_, &use))
    state.use = static_cast<double>(use.gpu) / 100;
  NvmlMemory memory{};
  if (nvml.Call("nvmlDeviceGetMemoryInfo", device_, &memory))
    state.memory_used_bytes = static_cast<std::int64_t>(memory.used);
  for (const NvmlProcessCall& call : kNvmlProcessCalls) {
    state.processes = NvmlProcessesBy(nvml, device_, call);
    if (state.processes.has_value()) break;
  }
  return state;
}

std::optional<NvmlFacts> ReadNvml(const std::string& pci_bus_id,
                                  const std::string& library) {
  const auto gpu = NvmlGpu::Open(pci_bus_id, library);
  if (!gpu.has_value()) return std::nullopt;
  return gpu->Facts();
}

}  // namespace eyechart::benchmarks
