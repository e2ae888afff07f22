// Which of the processes on a GPU are ours: we may have started some of them.
#pragma once

#include "benchmarks/load/gpu_state.h"
#include "benchmarks/load/nvml.h"
#include "benchmarks/load/system_files.h"

namespace eyechart::benchmarks {

/// Gives those that descend from us, as a program that `bench --command`
/// measures, our number, and leaves out those that have ended since the driver
/// told of them. Nothing is changed where our numbers are not the driver's
/// (OwnPid::of_host).
void ClaimOwnProcesses(const OwnPid& own,
                       const SystemFiles& files,
                       NvmlState& state);

}  // namespace eyechart::benchmarks
