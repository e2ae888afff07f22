#include "cli/bench_output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "benchmarks/load/load_options.h"
#include "core/error.h"

namespace eyechart::cli {
namespace {

using benchmarks::Estimate;
using benchmarks::LoadResult;
using benchmarks::StageShare;

constexpr std::size_t kBarWidth = 60;   // characters
constexpr double kLeastShown = 0.0005;  // a share that is not printed as 0.0 %

// "24.1 ms": three or four digits in the unit that fits.
std::string Time(double ns) {
  constexpr std::array<std::pair<double, const char*>, 4> kUnits = {
      {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}}};
  for (const auto& [unit, name] : kUnits) {
    if (ns < unit && unit > 1) continue;
    const double value = ns / unit;
    return value < 10    ? fmt::format("{:.2f} {}", value, name)
           : value < 100 ? fmt::format("{:.1f} {}", value, name)
                         : fmt::format("{:.0f} {}", value, name);
  }
  return "";
}

std::string Bytes(std::int64_t bytes) {
  const double mib = static_cast<double>(bytes) / (1 << 20);
  return mib < 1024 ? fmt::format("{:.0f} MiB", mib)
                    : fmt::format("{:.2f} GiB", mib / 1024);
}

// "median 24.1 ms [24.0 ms, 24.3 ms]"; why, where there is none.
std::string ShownEstimate(const char* name, const Estimate& estimate) {
  if (!estimate.value.has_value())
    return fmt::format("{:<8}-  ({})", name, estimate.reason);
  std::string text = fmt::format("{:<8}{:>8}", name, Time(*estimate.value));
  if (estimate.ci.has_value())
    text += fmt::format("  {:g} % [{}, {}]", 100 * estimate.ci->level,
                        Time(estimate.ci->low), Time(estimate.ci->high));
  return text;
}

std::string SharesLine(const LoadResult& load) {
  std::string text;
  for (const StageShare& stage : load.stages.stages)
    text += fmt::format("{}{} {:.1f} %", text.empty() ? "" : ", ", stage.name,
                        100 * stage.share);
  // Below zero where stages overlap.
  if (std::abs(load.stages.unexplained) >= kLeastShown)
    text += fmt::format(", rest {:.1f} %", 100 * load.stages.unexplained);
  return text + fmt::format("; {} binds", load.stages.binding);
}

// Each stage's share of the bar, in its first letter or, where another has it,
// its next free one.
std::string BarLetters(const std::vector<StageShare>& stages) {
  std::string letters;
  for (const StageShare& stage : stages) {
    std::string candidates = stage.name + "abcdefghijklmnopqrstuvwxyz";
    std::erase(candidates, '-');
    const std::size_t free = candidates.find_first_not_of(letters);
    letters += candidates[free];
  }
  return letters;
}

void AddStageLines(const LoadResult& load, std::vector<std::string>& lines) {
  const std::vector<StageShare>& stages = load.stages.stages;
  if (stages.empty()) {
    lines.emplace_back("  stages      the device does not tell them apart");
    return;
  }
  const std::string letters = BarLetters(stages);
  std::string bar;
  double until = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    until += stages[i].share;
    const auto end = static_cast<std::size_t>(
        std::lround(std::clamp(until, 0.0, 1.0) * kBarWidth));
    if (end > bar.size()) bar.append(end - bar.size(), letters[i]);
  }
  bar.resize(kBarWidth, '.');
  lines.push_back("  [" + bar + "]");
  for (std::size_t i = 0; i < stages.size(); ++i)
    lines.push_back(fmt::format(
        "    {} {:<11}{:>6.1f} %  {}{}", letters[i], stages[i].name,
        100 * stages[i].share, ShownEstimate("median", stages[i].median_ns),
        stages[i].name == load.stages.binding ? "  <- binds" : ""));
  lines.push_back(fmt::format("    . {:<11}{:>6.1f} %  in no stage", "rest",
                              100 * load.stages.unexplained));
}

void AddServerLines(const benchmarks::Measured& measured,
                    std::vector<std::string>& lines) {
  const LoadResult& load = measured.load;
  const benchmarks::ServerOptions& server = load.options.server;
  std::string text =
      fmt::format("  server      {:g} queries/s asked for", server.rate);
  if (load.server.has_value() && server.bound_ns.has_value())
    text += fmt::format(
        "; p{:g} within {}: {}, {} of {} queries over it ({} may be)",
        server.percentile, Time(static_cast<double>(*server.bound_ns)),
        load.server->kept ? "kept" : "not kept", load.server->over,
        load.latency.n, std::max<std::int64_t>(load.server->allowed_over, 0));
  lines.push_back(text);
  if (!measured.peak.has_value()) return;
  lines.push_back(
      measured.peak->rate.has_value()
          ? fmt::format("  peak        {:.4g} queries/s keep the bound, after "
                        "{} trials",
                        *measured.peak->rate, measured.peak->trials.size())
          : "  peak        none: " + measured.peak->reason);
}

}  // namespace

std::vector<std::string> BenchLines(const benchmarks::Measured& measured,
                                    bool stages) {
  const LoadResult& load = measured.load;
  std::vector<std::string> lines;
  lines.push_back(
      fmt::format("{}: {}  {} queries of {} in {:.1f} s",
                  benchmarks::ScenarioName(load.options.scenario),
                  load.valid() ? "VALID" : "INVALID", load.latency.n,
                  benchmarks::SamplesPerQuery(load.options), load.seconds));
  const char* head = "  latency     ";
  const std::array<std::pair<const char*, const Estimate*>, 4> told = {
      {{"median", &load.latency.median},
       {"p90", &load.latency.p90},
       {"p95", &load.latency.p95},
       {"p99", &load.latency.p99}}};
  for (const auto& [name, estimate] : told) {
    lines.push_back(head + ShownEstimate(name, *estimate));
    head = "              ";
  }
  if (load.latency.min.value.has_value() && load.latency.max.value.has_value())
    lines.push_back(fmt::format("{}from {} to {}", head,
                                Time(*load.latency.min.value),
                                Time(*load.latency.max.value)));
  lines.push_back(
      fmt::format("  throughput  {:.4g} samples/s", load.throughput));
  if (load.options.scenario == benchmarks::Scenario::kServer)
    AddServerLines(measured, lines);
  if (!load.stages.stages.empty())
    lines.push_back("  stages      " + SharesLine(load));
  if (stages) AddStageLines(load, lines);
  if (load.peak_memory_bytes.has_value()) {
    std::string memory = "  memory      " + Bytes(*load.peak_memory_bytes) +
                         " resident at the peak";
    if (measured.device_peak_bytes.has_value())
      memory += ", " + Bytes(*measured.device_peak_bytes) + " on the device";
    lines.push_back(memory);
  }
  lines.push_back("  harness     " + Time(load.overhead.total_ns()) +
                  " a query of its own");
  for (const benchmarks::Finding& finding : load.findings)
    lines.push_back(fmt::format(
        "  {}  {}{}", finding.fatal ? "INVALID   " : "warning   ",
        finding.reason, finding.advice.empty() ? "" : ": " + finding.advice));
  return lines;
}

std::vector<std::string> AuditLines(const benchmarks::AuditResult& audit) {
  std::vector<std::string> lines = {
      "cache audit: the same samples in three ways"};
  const auto line = [&lines](const char* what, const Estimate& estimate) {
    std::string text = fmt::format("  {:<34}", what);
    if (!estimate.value.has_value()) {
      lines.push_back(text + "-  (" + estimate.reason + ")");
      return;
    }
    text += fmt::format("{:.3f}", *estimate.value);
    if (estimate.ci.has_value())
      text += fmt::format("  {:g} % [{:.3f}, {:.3f}]", 100 * estimate.ci->level,
                          estimate.ci->low, estimate.ci->high);
    lines.push_back(text);
  };
  line("time again / right after itself", audit.again);
  line("time at first / again", audit.first);
  for (const benchmarks::Finding& finding : audit.findings)
    lines.push_back("  warning     " + finding.reason + ": " + finding.advice);
  if (audit.findings.empty()) lines.emplace_back("  no sign of a cache");
  return lines;
}

}  // namespace eyechart::cli
