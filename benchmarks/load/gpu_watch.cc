#include "benchmarks/load/gpu_watch.h"

#include <chrono>
#include <cstddef>
#include <exception>
#include <utility>

#include "benchmarks/load/own_processes.h"

namespace eyechart::benchmarks {
namespace {

std::optional<NvmlGpu> OpenWatched(const WatchedGpu& watched,
                                   const std::string& library) {
  if (watched.pci_bus_id.empty()) return std::nullopt;
  return NvmlGpu::Open(watched.pci_bus_id, library);
}

}  // namespace

std::vector<Finding> JudgeGpusBefore(const GpuWatchOptions& options,
                                     const SystemFiles& files) {
  constexpr int kTries = 7;
  std::vector<Finding> findings;
  for (const WatchedGpu& watched : options.gpus) {
    const auto gpu = OpenWatched(watched, options.library);
    if (!gpu.has_value()) continue;  // said once, after the run
    GpuTrace trace{watched.device, {gpu->State()}, ReadOwnPid(files)};
    for (int i = 1; i < kTries && options.period_s > 0 &&
                    trace.looks.back().use.value_or(0) > options.limits.max_use;
         ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
      trace.looks.back() = gpu->State();
    }
    for (Finding& finding : JudgeGpuBefore(trace, options.limits))
      findings.push_back(std::move(finding));
  }
  return findings;
}

GpuWatch::GpuWatch(const GpuWatchOptions& options, const SystemFiles& files)
    : files_(files), before_look_(options.before_look) {
  bool any = false;
  for (const WatchedGpu& watched : options.gpus) {
    gpus_.push_back(OpenWatched(watched, options.library));
    traces_.push_back({watched.device, {}, ReadOwnPid(files)});
    traces_.back().own.contexts = options.own_contexts;
    any = any || gpus_.back().has_value();
  }
  Look();
  if (!any || options.period_s <= 0) return;
  looker_ = std::thread(
      [this, period = std::chrono::duration<double>(options.period_s)] {
        std::unique_lock<std::mutex> lock(mutex_);
        while (!changed_.wait_for(lock, period, [this] { return stopped_; })) {
          lock.unlock();
          Look();
          lock.lock();
        }
      });
}

void GpuWatch::Look() {
  for (std::size_t i = 0; i < gpus_.size(); ++i) {
    if (!gpus_[i].has_value()) continue;
    try {
      if (before_look_) before_look_();
      NvmlState state = gpus_[i]->State();
      ClaimOwnProcesses(traces_[i].own, files_, state);
      const std::scoped_lock lock(mutex_);
      traces_[i].looks.push_back(std::move(state));
    } catch (const std::exception& error) {
      const std::scoped_lock lock(mutex_);
      if (traces_[i].failure.empty()) traces_[i].failure = error.what();
    }
  }
}

void GpuWatch::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (looker_.joinable()) looker_.join();
}

std::vector<GpuTrace> GpuWatch::Finish() {
  Stop();
  Look();
  return traces_;
}

}  // namespace eyechart::benchmarks
