#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "reports/display.h"
#include "reports/gate/explain.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kBar = 40;  // characters of the longest bar

std::string WithUnit(double value, const std::string& unit) {
  const std::string text = UnitText(unit);
  return FormatNumber(value) + (text.empty() ? "" : " " + text);
}

// Nanoseconds in the unit that people would take.
std::string Time(double nanoseconds) {
  struct Step {
    double ns;
    std::string_view unit;
  };
  for (const Step step : {Step{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}})
    if (nanoseconds >= step.ns)
      return fmt::format("{} {}", FormatNumber(nanoseconds / step.ns),
                         step.unit);
  return FormatNumber(nanoseconds) + " ns";
}

void Line(std::string& text, std::string_view name, const std::string& what) {
  if (!what.empty()) text += fmt::format("{:<14}{}\n", name, what);
}

std::string ExplainedInterval(const Interval& ci, const std::string& unit) {
  return fmt::format("[{}, {}], {:g} %", FormatNumber(ci.low),
                     WithUnit(ci.high, unit), ci.level * 100);
}

void AddGate(std::string& text,
             const ExplainedMetric& metric,
             std::size_t tested) {
  const GateCell& gate = *metric.gate;
  const std::string& unit = gate.unit;
  const auto number = [&unit](const std::optional<double>& value) {
    return value ? WithUnit(*value, unit) : std::string();
  };
  Line(text, "  verdict",
       std::string(VerdictName(gate.verdict)) +
           (gate.reason.empty() ? "" : ": " + gate.reason));
  if (gate.baseline && gate.candidate)
    Line(text, "  baseline",
         fmt::format("{}, now {}; difference {}", number(gate.baseline),
                     number(gate.candidate), number(gate.difference)));
  if (gate.ci) Line(text, "  interval", ExplainedInterval(*gate.ci, unit));
  if (!gate.test.empty())
    Line(text, "  test", fmt::format("{}, n {}", gate.test, gate.n));
  Line(text, "  why", metric.why_test);
  if (gate.p)
    Line(text, "  p",
         fmt::format("{:.3g}; adjusted over {} results {:.3g}", *gate.p, tested,
                     gate.p_adjusted.value_or(*gate.p)));
  Line(text, "  margin", number(gate.margin));
  if (gate.least_loss)
    Line(text, "  power",
         fmt::format("a loss of {} would be found in 80 % of runs",
                     number(gate.least_loss)));
  else if (gate.p)
    Line(text, "  power",
         "so little data cannot show a loss among so many results");
}

void AddMetric(std::string& text,
               const ExplainedMetric& metric,
               std::size_t tested,
               bool has_baseline) {
  const Record& record = metric.record;
  const std::string name = record.metric.empty() ? "cell" : record.metric;
  std::string value = record.value
                          ? WithUnit(*record.value, record.unit)
                          : std::string(RecordStatusName(record.status));
  if (record.ci) value += " " + ExplainedInterval(*record.ci, record.unit);
  if (const auto arrow = DirectionArrow(record.direction); !arrow.empty())
    value += fmt::format(" ({} is better)", record.direction);
  text += fmt::format("\n{}: {}, n {}\n", name, value, record.n);
  Line(text, "  message", record.message);
  Line(text, "  is",
       metric.what + (metric.source.empty() ? "" : " (" + metric.source + ")"));
  Line(text, "  estimator", metric.estimator);
  if (metric.gate)
    AddGate(text, metric, tested);
  else if (has_baseline)
    Line(text, "  verdict", "the baseline lacks it: not judged");
}

void AddSamples(std::string& text, const SampleSummary& samples) {
  text += fmt::format("\nsamples: {}", samples.count);
  if (samples.pairs > 0)
    text += fmt::format(" in {} interleaved pairs", samples.pairs);
  text +=
      fmt::format("\n  min {}, median {}, mean {}, max {}\n", Time(samples.min),
                  Time(samples.median), Time(samples.mean), Time(samples.max));
  std::vector<std::string> quantiles;
  for (const auto& [name, value] : samples.quantiles)
    quantiles.push_back(name + " " + Time(value));
  if (!quantiles.empty())
    text += fmt::format("  {}\n", fmt::join(quantiles, ", "));
  std::int64_t most = 1;
  for (const Bin& bin : samples.histogram) most = std::max(most, bin.count);
  for (const Bin& bin : samples.histogram) {
    const auto length = static_cast<std::size_t>(
        std::ceil(static_cast<double>(kBar) * static_cast<double>(bin.count) /
                  static_cast<double>(most)));
    text += fmt::format("  from {:>10}  {:<40} {}\n", Time(bin.low),
                        std::string(length, '#'), bin.count);
  }
  for (const auto& [stage, median] : samples.stages)
    text += fmt::format("  stage {}: median {}\n", stage, Time(median));
}

void AddOutcomes(std::string& text, const Explanation& explanation) {
  const OutcomeSummary& outcomes = *explanation.outcomes;
  text += fmt::format("\nitems: {}", outcomes.items);
  if (outcomes.right)
    text += fmt::format(", {} right, {} wrong", *outcomes.right,
                        outcomes.judged - *outcomes.right);
  text += "\n";
  for (const OutcomeSummary::Truth& truth : outcomes.worst)
    text += fmt::format("  {}: {} of {} wrong\n", truth.truth, truth.wrong,
                        truth.items);
  if (!explanation.flipped) return;
  const FlippedItems& flipped = *explanation.flipped;
  text += fmt::format(
      "  of {} items in both runs {} were right in the baseline alone, {} are "
      "right now alone\n",
      flipped.common, flipped.only_baseline, flipped.only_candidate);
  if (!flipped.lost.empty())
    text += fmt::format(
        "  lost: {}{}\n", fmt::join(flipped.lost, ", "),
        static_cast<std::int64_t>(flipped.lost.size()) < flipped.only_baseline
            ? ", ..."
            : "");
}

}  // namespace

std::string ExplanationToText(const Explanation& explanation) {
  const Record& first = explanation.metrics.front().record;
  std::string text;
  Line(text, "cell", explanation.cell);
  Line(text, "encoder", first.encoder);
  Line(text, "task", first.task);
  Line(text, "data set", first.dataset);
  std::vector<std::string> setting;
  for (const auto& [key, value] : first.setting)
    setting.push_back(key + "=" + value);
  Line(text, "setting",
       setting.empty() ? "as by default"
                       : fmt::format("{}", fmt::join(setting, ", ")));
  Line(text, "measured",
       first.started.empty() ? ""
                             : fmt::format("{}, in {}", first.started,
                                           FormatSeconds(first.seconds)));
  Line(text, "weights", first.weights_sha256);
  Line(text, "preprocessing", first.preprocess_sha256);
  Line(text, "pictures", first.dataset_sha256);
  for (const ExplainedMetric& metric : explanation.metrics)
    AddMetric(text, metric, explanation.tested, explanation.has_baseline);
  if (explanation.samples) AddSamples(text, *explanation.samples);
  if (explanation.outcomes) AddOutcomes(text, explanation);
  text += fmt::format("\nenvironment {}\n", first.environment);
  if (explanation.environment.is_object())
    for (const auto& item : explanation.environment.items())
      if (item.key() != "command" && item.key() != "schema")
        text += fmt::format("  {:<18}{}\n", item.key(), JsonText(item.value()));
  if (explanation.has_baseline && explanation.environment_differences.empty())
    text += "  the same as the baseline's\n";
  for (const auto& [key, values] : explanation.environment_differences)
    text += fmt::format("  {} was {} in the baseline, is {}\n", key,
                        JsonText(values.first), JsonText(values.second));
  if (!explanation.has_baseline)
    text += "\nno baseline: --baseline RUN adds test, margin and power\n";
  text += "\nto repeat it:\n  " + explanation.repeat + "\n";
  return text;
}

}  // namespace eyechart::reports
