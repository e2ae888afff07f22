// In the place of NVIDIA's management library: one GPU, whose memory's clock it
// does not tell.
#include <cstdio>
#include <cstring>

namespace {

constexpr int kFails = 3;
int gpu;

}  // namespace

extern "C" {

int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }

int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {
  if (std::strcmp(bus_id, "0000:3B:00.0") != 0) return kFails;
  *device = &gpu;
  return 0;
}

int nvmlSystemGetDriverVersion(char* text, unsigned int size) {
  std::snprintf(text, size, "580.1");
  return 0;
}

int nvmlDeviceGetMaxClockInfo(void* device, int clock, unsigned int* mhz) {
  if (device != &gpu || clock != 1) return kFails;
  *mhz = 1980;
  return 0;
}

int nvmlDeviceGetPowerManagementLimit(void* device, unsigned int* milliwatts) {
  *milliwatts = 350'500;
  return device == &gpu ? 0 : kFails;
}

}  // extern "C"
