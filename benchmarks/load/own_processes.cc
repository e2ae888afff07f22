#include "benchmarks/load/own_processes.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

// Parents that are asked for at most: numbers are given out anew, so that a
// chain that is read while it changes could go in a ring.
constexpr int kMostParents = 64;

// None where there is no such process, or it is hidden. Asked while something
// is timed: of the file no more is read than it takes.
std::optional<std::string> ParentOf(std::int64_t pid,
                                    const SystemFiles& files) {
  return files.Value(fmt::format("proc/{}/status", pid), "PPid");
}

bool DescendsFrom(std::int64_t ancestor,
                  std::int64_t pid,
                  const SystemFiles& files) {
  for (int i = 0; i < kMostParents && pid > 1; ++i) {
    if (pid == ancestor) return true;
    const auto parent = ParentOf(pid, files);
    const auto number = parent ? ParseInt(*parent) : std::nullopt;
    if (!number) return false;
    pid = *number;
  }
  return false;
}

}  // namespace

void ClaimOwnProcesses(const OwnPid& own,
                       const SystemFiles& files,
                       NvmlState& state) {
  if (!own.of_host || !state.processes.has_value()) return;
  // Where others' processes are hidden (hidepid), so is the first.
  const bool sees_all = ParentOf(1, files).has_value();
  std::erase_if(*state.processes, [&](const NvmlProcess& process) {
    return sees_all && process.pid != own.pid &&
           !ParentOf(process.pid, files).has_value();
  });
  for (NvmlProcess& process : *state.processes)
    if (DescendsFrom(own.pid, process.pid, files)) process.pid = own.pid;
}

}  // namespace eyechart::benchmarks
