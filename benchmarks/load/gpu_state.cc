#include "benchmarks/load/gpu_state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

namespace eyechart::benchmarks {
namespace {

constexpr std::uint64_t kGpuSlowdowns =
    kNvmlHardware | kNvmlHeat | kNvmlHardwareHeat | kNvmlPowerBrake;

struct GpuLimitName {
  std::uint64_t bit;
  const char* name;  // of the list in JSON
};
constexpr std::array<GpuLimitName, 9> kGpuLimitNames = {
    {{kNvmlIdle, "idle"},
     {kNvmlApplicationClocks, "application clocks"},
     {kNvmlPowerCap, "power cap"},
     {kNvmlHardware, "hardware slowdown"},
     {kNvmlSyncBoost, "sync boost"},
     {kNvmlHeat, "heat"},
     {kNvmlHardwareHeat, "heat, by the hardware"},
     {kNvmlPowerBrake, "power brake"},
     {kNvmlDisplayClocks, "display clocks"}}};

std::vector<std::string> LimitNames(std::uint64_t limits) {
  std::vector<std::string> names;
  for (const GpuLimitName& limit : kGpuLimitNames)
    if ((limits & limit.bit) != 0) names.emplace_back(limit.name);
  return names;
}

std::uint64_t AllLimits(const GpuTrace& trace) {
  std::uint64_t limits = 0;
  for (const NvmlState& look : trace.looks) limits |= look.limits.value_or(0);
  return limits;
}

std::int64_t LooksWith(const GpuTrace& trace, std::uint64_t limits) {
  return std::count_if(trace.looks.begin(), trace.looks.end(),
                       [=](const NvmlState& look) {
                         return (look.limits.value_or(0) & limits) != 0;
                       });
}

// The most others of any look at which we were surely at work: not the first,
// as it may be taken before our first kernel.
OthersOnGpu MostOthers(const GpuTrace& trace) {
  OthersOnGpu most;
  for (std::size_t i = 1; i < trace.looks.size(); ++i) {
    OthersOnGpu others = OthersOn(trace.looks[i], trace.own, true);
    if (others.count.has_value() && others.count > most.count)
      most = std::move(others);
  }
  return most;
}

std::string OthersText(const OthersOnGpu& others) {
  std::string text = *others.count == 1
                         ? "another process"
                         : fmt::format("{} other processes", *others.count);
  if (!others.pids.empty())
    text += fmt::format(" ({})", fmt::join(others.pids, ", "));
  return text;
}

// Of a member of those that tell it.
template <typename Member>
auto RangeOf(const std::vector<const NvmlState*>& looks, Member member) {
  using Value = typename std::decay_t<decltype(std::declval<NvmlState>().*
                                               member)>::value_type;
  std::optional<std::pair<Value, Value>> range;
  for (const NvmlState* look : looks) {
    const std::optional<Value>& value = look->*member;
    if (!value.has_value()) continue;
    if (!range.has_value()) range.emplace(*value, *value);
    range->first = std::min(range->first, *value);
    range->second = std::max(range->second, *value);
  }
  return range;
}

template <typename Member>
Json RangeJson(const std::vector<const NvmlState*>& looks, Member member) {
  const auto range = RangeOf(looks, member);
  if (!range.has_value()) return Json();
  return Json::array({range->first, range->second});
}

}  // namespace

OwnPid ReadOwnPid(const SystemFiles& files) {
  std::error_code failed;
  const std::filesystem::path space =
      std::filesystem::read_symlink(files.root() / "proc/self/ns/pid", failed);
  // The kernel gives the first namespace of processes a number of its own
  // (PROC_PID_INIT_INO).
  return {getpid(), !failed && space == "pid:[4026531836]"};
}

OthersOnGpu OthersOn(const NvmlState& state, const OwnPid& own, bool at_work) {
  OthersOnGpu others;
  if (!state.processes.has_value()) return others;
  const std::vector<NvmlProcess>& all = *state.processes;
  // In a container the same number is another process of the host's.
  const auto self = own.of_host ? std::find_if(all.begin(), all.end(),
                                               [&](const NvmlProcess& process) {
                                                 return process.pid == own.pid;
                                               })
                                : all.end();
  if (all.empty() && at_work) return others;
  if (!own.of_host) {
    const auto count = static_cast<std::int64_t>(all.size());
    // So many of them may be ours, by the host's numbers. Before our work they
    // may as well be others'.
    if (count == 0 || count > own.contexts || at_work)
      others.count = std::max<std::int64_t>(0, count - own.contexts);
    return others;
  }
  others.count = 0;
  for (const NvmlProcess& process : all) {
    if (process.pid == own.pid) continue;
    // On another part of the GPU they have multiprocessors of their own.
    if (self != all.end() && self->instance.has_value() &&
        process.instance.has_value() && process.instance != self->instance)
      continue;
    ++*others.count;
    others.pids.push_back(process.pid);
  }
  return others;
}

bool IsUnderLoad(const NvmlState& state) {
  if (state.limits.has_value() && (*state.limits & kNvmlIdle) != 0)
    return false;
  if (state.use.has_value()) return *state.use > 0;
  return state.limits.has_value();
}

std::vector<const NvmlState*> LooksUnderLoad(const GpuTrace& trace) {
  std::vector<const NvmlState*> looks;
  for (std::size_t i = 1; i < trace.looks.size(); ++i)
    if (IsUnderLoad(trace.looks[i - 1]) && IsUnderLoad(trace.looks[i]))
      looks.push_back(&trace.looks[i]);
  return looks;
}

std::vector<Finding> JudgeGpuBefore(const GpuTrace& trace,
                                    const GpuLimits& limits) {
  std::vector<Finding> findings;
  if (trace.looks.empty()) return findings;
  const NvmlState& now = trace.looks.back();
  const OthersOnGpu others = OthersOn(now, trace.own, false);
  if (others.count.value_or(0) > 0)
    findings.push_back({true,
                        fmt::format("{} is not ours alone: {} on it",
                                    trace.device, OthersText(others)),
                        "end them, or take another GPU"});
  if (now.use.value_or(0) > limits.max_use)
    findings.push_back(
        {true,
         fmt::format(
             "{} is busy: kernels ran {:.0f} % of the last moment ({:g} "
             "% may be)",
             trace.device, 100 * *now.use, 100 * limits.max_use),
         "end what else runs on it, or take another GPU"});
  return findings;
}

std::vector<Finding> JudgeGpuMeanwhile(const GpuTrace& trace,
                                       const GpuLimits& limits) {
  std::vector<Finding> findings;
  if (!trace.failure.empty())
    findings.push_back(
        {false,
         fmt::format("{} was not looked at all the time: a look failed ({})",
                     trace.device, trace.failure),
         "measure again"});
  if (trace.looks.empty() && !findings.empty()) return findings;
  if (trace.looks.empty())
    return {{false,
             fmt::format("{} was not watched: NVIDIA's management library ({}) "
                         "is not there or does not know it",
                         trace.device, kNvmlLibrary),
             "make the driver's library visible, in a container too"}};
  const OthersOnGpu others = MostOthers(trace);
  if (!others.count.has_value())
    findings.push_back(
        {false,
         fmt::format("the driver does not tell who else was on {}",
                     trace.device),
         "look at it with nvidia-smi, outside of containers"});
  else if (*others.count > 0)
    findings.push_back({true,
                        fmt::format("{} was not ours alone meanwhile: {} on it",
                                    trace.device, OthersText(others)),
                        "end them, or take another GPU"});
  const auto count = trace.looks.size();
  if (const std::uint64_t slow = AllLimits(trace) & kGpuSlowdowns; slow != 0)
    findings.push_back({true,
                        fmt::format("{} slowed down in {} of {} looks: {}",
                                    trace.device, LooksWith(trace, slow), count,
                                    fmt::join(LimitNames(slow), ", ")),
                        "cool it, or lock the clock lower (nvidia-smi -lgc)"});
  const auto sm = RangeOf(LooksUnderLoad(trace), &NvmlState::sm_mhz);
  if (sm.has_value() && sm->first > 0 &&
      static_cast<double>(sm->second) / static_cast<double>(sm->first) - 1 >
          limits.max_clock)
    findings.push_back(
        {true,
         fmt::format("the clock of {} moved between {} and {} MHz under load",
                     trace.device, sm->first, sm->second),
         "lock it (nvidia-smi -lgc), or warm up for longer"});
  if (const std::int64_t capped = LooksWith(trace, kNvmlPowerCap); capped > 0)
    findings.push_back(
        {false,
         fmt::format("{} was at its power cap in {} of {} looks", trace.device,
                     capped, count),
         "lock the clock lower (nvidia-smi -lgc) for times that repeat"});
  return findings;
}

Json GpuTraceJson(const GpuTrace& trace) {
  std::vector<const NvmlState*> all;
  for (const NvmlState& look : trace.looks) all.push_back(&look);
  const std::vector<const NvmlState*> loaded = LooksUnderLoad(trace);
  const OthersOnGpu others = MostOthers(trace);
  const bool told = std::any_of(
      all.begin(), all.end(),
      [](const NvmlState* look) { return look->limits.has_value(); });
  return {{"device", trace.device},
          {"looks", all.size()},
          {"looks_under_load", loaded.size()},
          {"sm_mhz", RangeJson(loaded, &NvmlState::sm_mhz)},
          {"memory_mhz", RangeJson(loaded, &NvmlState::memory_mhz)},
          {"temperature_c", RangeJson(all, &NvmlState::temperature_c)},
          {"power_w", RangeJson(all, &NvmlState::power_w)},
          {"use", RangeJson(all, &NvmlState::use)},
          {"memory_used_bytes", RangeJson(all, &NvmlState::memory_used_bytes)},
          {"failure", trace.failure.empty() ? Json() : Json(trace.failure)},
          {"limits", told ? Json(LimitNames(AllLimits(trace))) : Json()},
          {"others", others.count.has_value() ? Json(*others.count) : Json()}};
}

}  // namespace eyechart::benchmarks
