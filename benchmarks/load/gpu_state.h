// What a GPU did while we measured on it, and whether that spoils the result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/load/finding.h"
#include "benchmarks/load/nvml.h"
#include "benchmarks/load/system_files.h"
#include "core/json.h"

namespace eyechart::benchmarks {

struct GpuLimits {
  // Share by which the multiprocessors' clock may move under load: the bound of
  // the processor's clock.
  double max_clock = 0.05;
  // Share of the time that kernels may run on the GPU before we begin; what
  // draws a desktop stays below.
  double max_use = 0.1;
};

/// Who we are among the processes that the driver tells of.
struct OwnPid {
  std::int64_t pid = 0;
  // Our numbers are the driver's, the host's: not in a container of its own
  // numbers.
  bool of_host = false;
  // How many of those that the driver tells of may be ours where our number is
  // not its own: this process, and the programs that it has under way.
  int contexts = 1;
};

/// This process.
OwnPid ReadOwnPid(const SystemFiles& files = SystemFiles());

struct GpuTrace {
  std::string device;  // "cuda:0"
  // In their order, the last with the work just done. Empty: not watched, as
  // the driver's library is not there or does not know the GPU.
  std::vector<NvmlState> looks;
  OwnPid own;
  std::string failure = {};  // why a look is missing, the first; empty: none is
};

struct OthersOnGpu {
  // None: not known. Where our number is not the driver's, OwnPid::contexts of
  // those that it tells of are taken for ours.
  std::optional<std::int64_t> count;
  // Their numbers, where it is known which of them we are.
  std::vector<std::int64_t> pids;
};

/// Those besides us with a compute context on the GPU, or on our part of it.
/// `at_work`: we have one there, so that an empty list tells nothing; else we
/// may have.
OthersOnGpu OthersOn(const NvmlState& state, const OwnPid& own, bool at_work);

/// Whether kernels ran lately. False also where neither use nor limits are
/// told.
bool IsUnderLoad(const NvmlState& state);

/// The looks under load that follow one under load: before that the clock was
/// still rising from where an idle GPU has it.
std::vector<const NvmlState*> LooksUnderLoad(const GpuTrace& trace);

/// Before a run: others, and a GPU that is in use without us.
std::vector<Finding> JudgeGpuBefore(const GpuTrace& trace,
                                    const GpuLimits& limits = {});

/// After it. Invalid: others with a compute context, a slowdown for heat or by
/// the hardware, the multiprocessors' clock moved under load. Warnings: at the
/// power cap, not watched, others not known.
std::vector<Finding> JudgeGpuMeanwhile(const GpuTrace& trace,
                                       const GpuLimits& limits = {});

/// Lowest and highest of each number (clocks: under load, else null), why the
/// clocks were kept down, and others. Nothing in it names one GPU among those
/// of its kind.
Json GpuTraceJson(const GpuTrace& trace);

}  // namespace eyechart::benchmarks
