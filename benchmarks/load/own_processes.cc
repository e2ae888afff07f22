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

std::string StatusFile(std::int64_t pid) {
  return fmt::format("proc/{}/status", pid);
}

bool DescendsFrom(std::int64_t ancestor,
                  std::int64_t pid,
                  const SystemFiles& files) {
  for (int i = 0; i < kMostParents && pid > 1; ++i) {
    if (pid == ancestor) return true;
    const auto parent = files.Value(StatusFile(pid), "PPid");
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
  const bool sees_all = files.Text(StatusFile(1)).has_value();
  std::erase_if(*state.processes, [&](const NvmlProcess& process) {
    return sees_all && process.pid != own.pid &&
           !files.Text(StatusFile(process.pid)).has_value();
  });
  for (NvmlProcess& process : *state.processes)
    if (DescendsFrom(own.pid, process.pid, files)) process.pid = own.pid;
}

}  // namespace eyechart::benchmarks
