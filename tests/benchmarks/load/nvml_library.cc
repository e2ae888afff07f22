// In the place of NVIDIA's management library: one GPU, whose numbers come from
// the environment (FAKE_NVML_SM_MHZ and so on); what is not set is not told.
// FAKE_NVML_PROCESSES says which driver this is: 3 has all names of the
// functions, 2 has neither _v3 nor "event reasons", 1 no _v2 either. The
// structs are written byte by byte, as NVIDIA's nvml.h lays them out.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int kNotSupported = 3;
constexpr int kTooSmall = 7;
int gpu;
std::atomic<int> looks = 0;
std::atomic<int> open_now = 0;

// Whether the variable is set.
template <typename Value>
int Tell(const char* name, Value* value) {
  const char* text = std::getenv(name);
  if (text == nullptr) return kNotSupported;
  *value = static_cast<Value>(std::strtoull(text, nullptr, 0));
  return 0;
}

void Put(char* at, std::uint64_t value, std::size_t bytes) {
  std::memcpy(at, &value, bytes);  // little-endian, as all that has such GPUs
}

// "7,8:2": process 7, and 8 on part 2 of the GPU.
std::vector<std::pair<std::uint64_t, std::uint64_t>> Processes() {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> processes;
  const char* at = std::getenv("FAKE_NVML_PIDS");
  while (at != nullptr && *at != '\0') {
    char* end = nullptr;
    processes.emplace_back(std::strtoull(at, &end, 10), 0xFFFFFFFF);
    if (*end == ':') processes.back().second = std::strtoull(end + 1, &end, 10);
    at = *end == ',' ? end + 1 : end;
  }
  return processes;
}

int List(void* device, unsigned int* count, void* infos, std::size_t stride) {
  if (device != &gpu || std::getenv("FAKE_NVML_PIDS") == nullptr)
    return kNotSupported;
  auto processes = Processes();
  // A process comes between the call that counts and the one that lists.
  static bool counted_once = false;
  if (std::getenv("FAKE_NVML_COMES") == nullptr) {
    counted_once = false;
  } else if (infos == nullptr && !counted_once) {
    counted_once = true;
    processes.pop_back();
  }
  const unsigned int room =
      std::exchange(*count, static_cast<unsigned int>(processes.size()));
  if (room < processes.size()) return kTooSmall;
  auto* at = static_cast<char*>(infos);
  for (const auto& [pid, instance] : processes) {
    Put(at, pid, 4);
    Put(at + 8, 1 << 20, 8);
    if (stride >= 24) {
      Put(at + 16, instance, 4);
      Put(at + 20, 0xFFFFFFFF, 4);
    }
    if (stride == 32) Put(at + 24, 0, 8);
    at += stride;
  }
  return 0;
}

}  // namespace

extern "C" {

int FakeNvmlLooks() { return looks; }
int FakeNvmlOpen() { return open_now; }

int nvmlInit_v2() {
  ++open_now;
  return 0;
}
int nvmlShutdown() {
  --open_now;
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {
  if (std::strcmp(bus_id, "0000:3B:00.0") != 0) return kNotSupported;
  *device = &gpu;
  return 0;
}

int nvmlSystemGetDriverVersion(char* text, unsigned int size) {
  std::snprintf(text, size, "580.1");
  return 0;
}

int nvmlDeviceGetMaxClockInfo(void* device, int clock, unsigned int* mhz) {
  if (device != &gpu || clock != 1) return kNotSupported;
  *mhz = 1980;
  return 0;
}

int nvmlDeviceGetPowerManagementLimit(void* device, unsigned int* milliwatts) {
  *milliwatts = 350'500;
  return device == &gpu ? 0 : kNotSupported;
}

int nvmlDeviceGetClockInfo(void* device, int clock, unsigned int* mhz) {
  if (device != &gpu) return kNotSupported;
  if (clock == 1) ++looks;
  if (clock == 1) return Tell("FAKE_NVML_SM_MHZ", mhz);
  return clock == 2 ? Tell("FAKE_NVML_MEMORY_MHZ", mhz) : kNotSupported;
}

int nvmlDeviceGetTemperature(void* device, int sensor, unsigned int* degrees) {
  if (device != &gpu || sensor != 0) return kNotSupported;
  return Tell("FAKE_NVML_TEMPERATURE", degrees);
}

int nvmlDeviceGetPowerUsage(void*, unsigned int* milliwatts) {
  return Tell("FAKE_NVML_MILLIWATTS", milliwatts);
}

int nvmlDeviceGetUtilizationRates(void*, void* rates) {
  std::uint32_t gpu_percent = 0;
  if (const int code = Tell("FAKE_NVML_USE", &gpu_percent); code != 0)
    return code;
  Put(static_cast<char*>(rates), gpu_percent, 4);
  Put(static_cast<char*>(rates) + 4, 99, 4);
  return 0;
}

int nvmlDeviceGetMemoryInfo(void*, void* memory) {
  std::uint64_t used = 0;
  if (const int code = Tell("FAKE_NVML_MEMORY_USED", &used); code != 0)
    return code;
  auto* at = static_cast<char*>(memory);
  Put(at, 1ULL << 40, 8);               // total
  Put(at + 8, (1ULL << 40) - used, 8);  // free
  Put(at + 16, used, 8);
  return 0;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void*,
                                              unsigned long long* reasons) {
  return Tell("FAKE_NVML_LIMITS", reasons);
}

int nvmlDeviceGetComputeRunningProcesses(void* device,
                                         unsigned int* count,
                                         void* infos) {
  return List(device, count, infos, 16);
}

#if FAKE_NVML_PROCESSES >= 2
int nvmlDeviceGetComputeRunningProcesses_v2(void* device,
                                            unsigned int* count,
                                            void* infos) {
  return List(device, count, infos, 24);
}
#endif

#if FAKE_NVML_PROCESSES >= 3
int nvmlDeviceGetComputeRunningProcesses_v3(void* device,
                                            unsigned int* count,
                                            void* infos) {
  // The first drivers 535 wrote a field more.
  return List(device, count, infos,
              std::getenv("FAKE_NVML_WIDE") != nullptr ? 32 : 24);
}

int nvmlDeviceGetCurrentClocksEventReasons(void*, unsigned long long* reasons) {
  return Tell("FAKE_NVML_EVENTS", reasons);
}
#endif

}  // extern "C"
