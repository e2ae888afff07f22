#include "benchmarks/environment.h"

#include <ATen/Version.h>
#include <ATen/native/DispatchStub.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include <fstream>
#include <string_view>
#include <thread>

#include "benchmarks/gpus.h"
#include "benchmarks/library_versions.h"
#include "benchmarks/load/machine.h"
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

Json DescribeEnvironment(const std::string& device,
                         int threads,
                         const std::vector<std::string>& used) {
  utsname system{};
  uname(&system);
  Json libraries = LibraryVersions();
  libraries["opencv_cpu_features"] = OpenCvCpuFeatures();
  Json environment = {
      {"schema", 1},
      {"eyechart", EYECHART_VERSION},
      {"libtorch", TORCH_VERSION},
      {"libraries", libraries},
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
      {"gpus", GpusJson(ReadGpus(used.empty() ? std::vector{device} : used))},
      {"threads", threads}};
  Json hardware = MachineJson(ReadMachine());
  // Bytes differ between machines of one kind: `memory` says them, and a gate
  // passes over it.
  hardware.erase("memory_bytes");
  for (Json& node : hardware["numa_nodes"]) node.erase("memory_bytes");
  environment["hardware"] = hardware;
  Json build = BuildJson(ReadBuild());
  // It says what is under test, not where.
  environment["commit"] = build["commit"];
  build.erase("commit");
  environment["build"] = build;
  return environment;
}

std::string EnvironmentHash(const Json& environment) {
  return Sha256Hex(CanonicalJson(environment)).substr(0, 16);
}

}  // namespace eyechart::benchmarks
