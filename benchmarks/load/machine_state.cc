#include "benchmarks/load/machine_state.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

const std::string kClockFolder = "sys/devices/system/cpu";

std::int64_t IntAt(const std::vector<std::string>& fields, std::size_t i) {
  return i < fields.size()
             ? std::max<std::int64_t>(0, ParseInt(fields[i]).value_or(0))
             : 0;
}

void ReadTicks(const SystemFiles& files, MachineState& state) {
  // cpu user nice system idle iowait irq softirq steal guest guest_nice; the
  // guests' are in user and nice.
  const std::string stat = files.Text("proc/stat").value_or("");
  const std::vector<std::string> all =
      Fields(std::string_view(stat).substr(0, stat.find('\n')));
  if (!all.empty() && all[0] == "cpu") {
    state.busy_ticks = IntAt(all, 1) + IntAt(all, 2) + IntAt(all, 3) +
                       IntAt(all, 6) + IntAt(all, 7);
    state.steal_ticks = IntAt(all, 8);
    state.total_ticks =
        state.busy_ticks + state.steal_ticks + IntAt(all, 4) + IntAt(all, 5);
  }
  // The program's name, in brackets, may hold anything; utime, stime and those
  // of children that were waited for, cutime and cstime, are the 12th to the
  // 15th field behind it.
  const std::string own = files.Text("proc/self/stat").value_or("");
  const std::size_t name_end = own.rfind(')');
  if (name_end == std::string::npos) return;
  const std::vector<std::string> fields =
      Fields(std::string_view(own).substr(name_end + 1));
  state.own_ticks = IntAt(fields, 11) + IntAt(fields, 12) + IntAt(fields, 13) +
                    IntAt(fields, 14);
}

std::optional<double> FastestMhz(const SystemFiles& files) {
  std::optional<double> fastest;
  const auto take = [&fastest](double mhz) {
    if (mhz > fastest.value_or(0)) fastest = mhz;
  };
  for (const std::string& cpu : files.Numbered(kClockFolder, "cpu"))
    if (const auto khz = files.Number(kClockFolder + "/" + cpu +
                                      "/cpufreq/scaling_cur_freq"))
      take(static_cast<double>(*khz) / 1e3);
  if (fastest.has_value()) return fastest;
  for (const std::string& mhz : files.Values("proc/cpuinfo", "cpu MHz"))
    if (const auto number = ParseDouble(mhz)) take(*number);
  return fastest;
}

// The share of all ticks between two readings.
struct Shares {
  double other = 0;
  double steal = 0;
};

std::optional<Shares> SharesOf(const MachineState& before,
                               const MachineState& after) {
  const auto ticks =
      static_cast<double>(after.total_ticks - before.total_ticks);
  if (ticks < 50) return std::nullopt;  // half a second of one thread
  const std::int64_t busy = after.busy_ticks - before.busy_ticks;
  const std::int64_t own = after.own_ticks - before.own_ticks;
  Shares shares;
  shares.other =
      static_cast<double>(std::max<std::int64_t>(0, busy - own)) / ticks;
  shares.steal =
      static_cast<double>(after.steal_ticks - before.steal_ticks) / ticks;
  return shares;
}

Json OptionalJson(const std::optional<double>& value) {
  return value.has_value() ? Json(*value) : Json();
}

}  // namespace

MachineState ReadMachineState(const SystemFiles& files) {
  MachineState state;
  ReadTicks(files, state);
  const std::vector<std::string> load =
      Fields(files.Text("proc/loadavg").value_or(""));
  if (!load.empty()) state.load1 = ParseDouble(load.front());
  for (const std::string& path :
       files.CgroupFiles("cpu", "cpu.stat", "cpu.stat")) {
    // Lines are "nr_throttled 3"; the group's own file is the first there is.
    const std::vector<std::string> fields =
        Fields(files.Text(path).value_or(""));
    const auto at = std::find(fields.begin(), fields.end(), "nr_throttled");
    if (at == fields.end()) continue;
    state.throttled =
        IntAt(fields, static_cast<std::size_t>(at - fields.begin()) + 1);
    break;
  }
  state.mhz = FastestMhz(files);
  return state;
}

double ProbeClockNs(const Clock& clock, int tries) {
  double best = 0;
  // A chain that no compiler can shorten: its start is not known to it.
  volatile std::uint64_t start = 1;
  for (int i = 0; i < tries; ++i) {
    std::uint64_t x = start;
    const std::int64_t begin = clock.NowNs();
    for (int k = 0; k < 1'000'000; ++k) x = x * 6364136223846793005U + 1;
    const std::int64_t end = clock.NowNs();
    start = x | 1;
    const auto ns = static_cast<double>(end - begin);
    if (i == 0 || ns < best) best = ns;
  }
  return best;
}

std::vector<Finding> JudgeLoad(const MachineState& now,
                               std::int64_t usable_threads,
                               const BusyOptions& options) {
  if (!now.load1.has_value() || usable_threads <= 0) return {};
  const double load = *now.load1 / static_cast<double>(usable_threads);
  if (load <= options.max_load) return {};
  return {{true,
           fmt::format("the machine is busy: load average {:.2f} on {} threads "
                       "({:.2f} a thread; {:g} may be)",
                       *now.load1, usable_threads, load, options.max_load),
           "end what else runs, or wait a minute"}};
}

std::vector<Finding> JudgeMeanwhile(const MachineState& before,
                                    const MachineState& after,
                                    const BusyOptions& options) {
  std::vector<Finding> findings;
  if (const auto shares = SharesOf(before, after)) {
    if (shares->other > options.max_other)
      findings.push_back(
          {true,
           fmt::format("others used {:.0f} % of the machine meanwhile ({:g} % "
                       "may be)",
                       100 * shares->other, 100 * options.max_other),
           "end what else runs"});
    if (shares->steal > options.max_steal)
      findings.push_back(
          {true,
           fmt::format("the host took {:.1f} % of the time meanwhile ({:g} % "
                       "may be)",
                       100 * shares->steal, 100 * options.max_steal),
           "measure at another hour or on a machine of your own"});
  }
  const auto moved = [&options](double from, double to) {
    return from > 0 && to > 0 && std::abs(to / from - 1) > options.max_clock;
  };
  if (before.mhz.has_value() && after.mhz.has_value() &&
      moved(*before.mhz, *after.mhz))
    findings.push_back(
        {true,
         fmt::format("the clock moved from {:.0f} to {:.0f} MHz", *before.mhz,
                     *after.mhz),
         "lock the clock, or pause between queries so that it keeps"});
  if (moved(before.probe_ns, after.probe_ns))
    findings.push_back(
        {true,
         fmt::format("a fixed computation took {:.3f} ms before and {:.3f} ms "
                     "after: the clock moved, or the core was shared",
                     before.probe_ns / 1e6, after.probe_ns / 1e6),
         "lock the clock, end what else runs, or let the machine cool"});
  if (after.throttled > before.throttled)
    findings.push_back(
        {true,
         fmt::format(
             "the container was stopped {} times for having used up its "
             "CPU time",
             after.throttled - before.throttled),
         "use fewer threads or a larger quota"});
  return findings;
}

std::vector<Finding> RefuseOrWarn(std::vector<Finding> findings, bool allow) {
  std::string text;
  for (Finding& finding : findings) {
    if (!finding.fatal) continue;
    if (!text.empty()) text += "; ";
    text += fmt::format("{} ({})", finding.reason, finding.advice);
    finding.fatal = false;
  }
  EYECHART_REQUIRE(allow || text.empty(),
                   "not measured: {}; --allow measures all the same and says "
                   "so",
                   text);
  return findings;
}

MachineWatch::MachineWatch(const Clock& clock,
                           SystemFiles files,
                           const BusyOptions& options,
                           const GpuWatchOptions& gpus)
    : clock_(clock),
      files_(std::move(files)),
      options_(options),
      gpu_limits_(gpus.limits) {
  // 5 resets the peak of resident memory (Linux 4.0); a refusal leaves it.
  std::ofstream(files_.root() / "proc/self/clear_refs") << "5";
  before_ = Read();
  // Behind the probe, which its thread would disturb.
  if (!gpus.gpus.empty()) gpus_ = std::make_unique<GpuWatch>(gpus, files_);
}

MachineState MachineWatch::Read() const {
  // The probe first: it gets an idle clock up to where it will be.
  const double probe = clock_.simulated() ? 0 : ProbeClockNs(clock_);
  MachineState state = ReadMachineState(files_);
  state.probe_ns = probe;
  return state;
}

MachineWatch::Report MachineWatch::Finish() const {
  Report report;
  // Before the probe: a GPU's clock falls as soon as it is idle.
  if (gpus_ != nullptr) report.gpus = gpus_->Finish();
  report.before = before_;
  report.after = Read();
  report.findings = JudgeMeanwhile(report.before, report.after, options_);
  for (const GpuTrace& gpu : report.gpus)
    for (Finding& finding : JudgeGpuMeanwhile(gpu, gpu_limits_))
      report.findings.push_back(std::move(finding));
  const std::vector<std::string> peak =
      Fields(files_.Value("proc/self/status", "VmHWM").value_or(""));
  if (!peak.empty())
    if (const auto kilobytes = ParseInt(peak.front());
        kilobytes.has_value() && *kilobytes >= 0 &&
        *kilobytes < (std::int64_t{1} << 50))
      report.peak_memory_bytes = *kilobytes << 10;
  return report;
}

Json MeanwhileJson(const MachineState& before, const MachineState& after) {
  const auto shares = SharesOf(before, after);
  return {{"load1", {OptionalJson(before.load1), OptionalJson(after.load1)}},
          {"mhz", {OptionalJson(before.mhz), OptionalJson(after.mhz)}},
          {"probe_ns", {before.probe_ns, after.probe_ns}},
          {"other_share", shares.has_value() ? Json(shares->other) : Json()},
          {"steal_share", shares.has_value() ? Json(shares->steal) : Json()},
          {"throttled", after.throttled - before.throttled}};
}

Json MeanwhileJson(const MachineWatch::Report& report) {
  Json json = MeanwhileJson(report.before, report.after);
  json["gpus"] = Json::array();
  for (const GpuTrace& gpu : report.gpus)
    json["gpus"].push_back(GpuTraceJson(gpu));
  return json;
}

}  // namespace eyechart::benchmarks
