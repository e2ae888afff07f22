#include "benchmarks/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/native/DispatchStub.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include <fstream>
#include <string_view>
#include <thread>

#include "core/hash.h"

namespace eyechart::benchmarks {
namespace {

// The value of the first line "key : value" of a /proc file, or "".
std::string ProcValue(const char* path, std::string_view key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

Json DescribeEnvironment(const std::string& device, int threads) {
  utsname system{};
  uname(&system);
  return {{"schema", 1},
          {"eyechart", EYECHART_VERSION},
          {"libtorch", TORCH_VERSION},
          {"compiler", __VERSION__},
          {"build_type", EYECHART_BUILD_TYPE},
          {"cpu", ProcValue("/proc/cpuinfo", "model name")},
          {"cpu_capability", at::get_cpu_capability()},
          {"hardware_threads", std::thread::hardware_concurrency()},
          {"memory", ProcValue("/proc/meminfo", "MemTotal")},
          {"system", system.sysname},
          {"kernel", system.release},
          {"machine", system.machine},
          {"device", device},
          {"threads", threads}};
}

std::string EnvironmentHash(const Json& environment) {
  return Sha256Hex(CanonicalJson(environment)).substr(0, 16);
}

}  // namespace eyechart::benchmarks
