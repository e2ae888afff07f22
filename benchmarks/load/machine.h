// What does not change while we measure: the machine, its limits, our build.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/load/finding.h"
#include "benchmarks/load/system_files.h"
#include "core/json.h"

namespace eyechart::benchmarks {

struct CpuCache {
  std::int64_t level = 0;
  std::string type;  // "Data", "Instruction", "Unified"
  std::int64_t bytes = 0;
  std::int64_t shared_by = 0;  // hardware threads
};

struct NumaNode {
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
};

struct Machine {
  std::string cpu;                  // model name
  std::vector<std::string> isa;     // of the instruction sets that kernels use
  std::int64_t threads = 0;         // hardware threads online
  std::int64_t usable_threads = 0;  // that this process may run on
  std::optional<bool> smt;          // several threads a core
  std::vector<std::string> governors;  // distinct ones of all threads
  std::string frequency_driver;
  std::optional<bool> boost;
  std::optional<double> max_mhz;
  std::vector<CpuCache> caches;  // of the first thread
  std::vector<NumaNode> nodes;
  std::int64_t memory_bytes = 0;
  // The container's: CPUs' worth of time, and bytes; none: no limit.
  std::optional<double> cpu_quota;
  std::optional<std::int64_t> memory_limit_bytes;
  std::string huge_pages;  // "always", "madvise" or "never"
};

/// What /proc and /sys say; what they do not stays empty. Nothing in it names a
/// person, a host or a folder.
Machine ReadMachine(const SystemFiles& files = SystemFiles());

struct Build {
  bool optimized = false;
  bool asserts = false;  // NDEBUG is not defined, or the library's are on
  std::vector<std::string> sanitizers;
  std::string flags;      // EYECHART_BUILD_FLAGS, where the build sets it
  std::string commit;     // EYECHART_GIT_COMMIT, where the build sets it
  std::string allocator;  // "glibc 2.36", "jemalloc", "tcmalloc", "mimalloc"
};

/// Of this program: by the compiler's macros, and which allocator is linked or
/// preloaded.
Build ReadBuild();

/// Sanitizers, asserts or no optimisation: such numbers are no numbers.
std::vector<Finding> JudgeBuild(const Build& build);
/// A governor other than "performance", a quota below the threads: warnings.
std::vector<Finding> JudgeMachine(const Machine& machine);

/// Keys for environment.json, the same in every run on the machine.
Json MachineJson(const Machine& machine);
Json BuildJson(const Build& build);

}  // namespace eyechart::benchmarks
