// Looks at the GPUs in use while a measurement runs.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/load/gpu_state.h"

namespace eyechart::benchmarks {

struct WatchedGpu {
  std::string device;      // "cuda:0", for texts
  std::string pci_bus_id;  // "0000:3B:00.0"; empty: not told, not watched
};

struct GpuWatchOptions {
  std::vector<WatchedGpu> gpus;  // none: nothing is watched
  std::string library = kNvmlLibrary;
  // Between two looks: a GPU tells its use over up to 1 s, and asking takes the
  // driver's locks, so not much oftener. 0: only when told to.
  double period_s = 0.5;
  GpuLimits limits;
  // OwnPid::contexts while a run is on: with a program beside this process more
  // than one.
  int own_contexts = 1;
  // Called before each look at a GPU, in the looker's thread: so that tests
  // can let one fail. None: nothing is.
  std::function<void()> before_look = {};
};

/// JudgeGpuBefore of each GPU. One that is in use is looked at again for 1.5 s
/// (not where `period_s` is 0): it may be our own work of before.
std::vector<Finding> JudgeGpusBefore(const GpuWatchOptions& options,
                                     const SystemFiles& files = SystemFiles());

class GpuWatch {
 public:
  /// Opens the library, looks once and starts a thread that looks on.
  explicit GpuWatch(const GpuWatchOptions& options,
                    const SystemFiles& files = SystemFiles());
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;
  ~GpuWatch() { Stop(); }

  /// One that fails is told in the GPU's trace; nothing is thrown, as most are
  /// in a thread of their own.
  void Look();
  /// Ends the thread and looks for the last time; to be called with the work
  /// just done. In the order of the options.
  std::vector<GpuTrace> Finish();

 private:
  void Stop();

  const SystemFiles files_;
  std::function<void()> before_look_;
  std::vector<std::optional<NvmlGpu>> gpus_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;          // by mutex_
  std::vector<GpuTrace> traces_;  // by mutex_; one a GPU
  std::thread looker_;
};

}  // namespace eyechart::benchmarks
