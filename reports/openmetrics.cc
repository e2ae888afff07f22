// Records as OpenMetrics: a gauge a metric and unit, a sample a cell. A value
// that is absent has no sample (a NaN would make every comparison of an alert
// false in silence) and one in eyechart_result_missing instead.
#include "reports/openmetrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <ctime>
#include <map>
#include <set>

#include "core/metrics.h"
#include "core/text.h"
#include "reports/comparison.h"
#include "reports/formats.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Help holds no double quote: OpenMetrics wants it escaped, the older format
// knows no such escape.
std::string EscapeLabel(const std::string& text, bool help) {
  std::string escaped;
  for (const char c : VisibleText(text)) {
    if (c == '\n')
      escaped += "\\n";
    else if (c == '\r')  // has no escape, and ends a line for some readers
      escaped += ' ';
    else if (c == '\\')
      escaped += "\\\\";
    else if (c == '"')
      escaped += help ? "'" : "\\\"";
    else
      escaped += c;
  }
  return escaped;
}

std::string SampleLine(const std::string& name,
                       const GaugeFamily::Sample& sample) {
  std::string labels;
  for (const auto& [label, value] : sample.labels)
    labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", label,
                          EscapeLabel(value, false));
  return fmt::format("{}{} {}\n", name,
                     labels.empty() ? "" : "{" + labels + "}",
                     FormatDouble(sample.value));
}

std::string HelpOf(const std::string& metric) {
  for (const Metric& row : Metrics())
    if (row.name == metric) return std::string(row.what);
  return metric;
}

// The document of one call. Labels are few on purpose: what changes from night
// to night (the run's name, hashes) would begin new series.
class Gatherer {
 public:
  std::string Write(std::span<const RunFolder> runs) {
    const std::vector<std::string> names = RunLabels(runs);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Labels labels;
      if (runs.size() > 1) labels.emplace_back("run", names[i]);
      AddRun(runs[i], labels);
    }
    return OpenMetricsDocument(families_);
  }

 private:
  GaugeFamily& Family(const std::string& metric,
                      const std::string& part,
                      const std::string& unit,
                      const std::string& help) {
    const std::array key = {metric, part, unit};
    const auto [place, is_new] = places_.emplace(key, families_.size());
    if (!is_new) return families_[place->second];
    const std::string unit_name = UnitName(unit);
    std::string name = GaugeName(std::array{metric, part});
    // The name ends with its unit; some metrics' names do so by themselves.
    if (!unit_name.empty() && !name.ends_with("_" + unit_name))
      name += "_" + unit_name;
    // Two families of one name would be no document.
    for (int i = 2; !names_.insert(name).second; ++i)
      name = GaugeName(std::array{metric, part, std::to_string(i), unit_name});
    families_.push_back({name, unit_name, help, {}});
    return families_.back();
  }

  void AddRun(const RunFolder& run, const Labels& labels) {
    const RunSummaryCounts counts = CountRun(run);
    const auto of_run = [&](const char* part, const std::string& unit,
                            const char* help, double value) {
      Family("run", part, unit, help).samples.push_back({labels, value});
    };
    of_run("cells", "1", "cells of the run", static_cast<double>(counts.cells));
    of_run("cells_failed", "1", "cells with an error record",
           static_cast<double>(counts.failed));
    of_run("cells_skipped", "1", "cells without a result or an error",
           static_cast<double>(counts.skipped));
    of_run("duration", "s", "time that the cells took, summed", counts.seconds);
    const double started = UnixSeconds(counts.last_started);
    if (started >= 0)
      of_run("started_timestamp", "s",
             "when the last cell began, since 1970: how old the values are",
             started);
    for (const Record& record : run.records) AddRecord(record, labels);
  }

  void AddRecord(const Record& record, Labels labels) {
    labels.emplace_back("cell", record.cell);
    labels.emplace_back("encoder", record.encoder);
    labels.emplace_back("task", record.task);
    labels.emplace_back("dataset", record.dataset);
    const bool ok = record.status == RecordStatus::kOk;
    if (!ok || !record.value || !std::isfinite(*record.value)) {
      labels.emplace_back("metric", record.metric);
      labels.emplace_back(
          "status",
          ok ? "no value" : std::string(RecordStatusName(record.status)));
      Family("result", "missing", "1",
             "1 for each result that the run should have and has not")
          .samples.push_back({labels, 1});
      return;
    }
    const std::string help = HelpOf(record.metric);
    const auto add = [&](const char* part, const std::string& text,
                         double value) {
      if (std::isfinite(value))
        Family(record.metric, part, record.unit, text)
            .samples.push_back({labels, value});
    };
    add("", help, *record.value);
    if (!record.ci) return;
    add("ci_low", "lower end of the interval: " + help, record.ci->low);
    add("ci_high", "upper end of the interval: " + help, record.ci->high);
  }

  std::vector<GaugeFamily> families_;
  std::map<std::array<std::string, 3>, std::size_t> places_;
  std::set<std::string> names_;
};

class OpenMetricsExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    return Gatherer().Write(runs);
  }
};

}  // namespace

std::string OpenMetricsDocument(std::span<const GaugeFamily> families) {
  std::string text;
  for (const GaugeFamily& family : families) {
    if (family.samples.empty()) continue;
    text += fmt::format("# TYPE {} gauge\n", family.name);
    if (!family.unit.empty())
      text += fmt::format("# UNIT {} {}\n", family.name, family.unit);
    text += fmt::format("# HELP {} {}\n", family.name,
                        EscapeLabel(family.help, true));
    for (const GaugeFamily::Sample& sample : family.samples)
      text += SampleLine(family.name, sample);
  }
  return text + "# EOF\n";
}

std::string UnitName(std::string_view unit) {
  struct Known {
    std::string_view unit;
    std::string_view name;
  };
  static constexpr std::array kKnown = {
      Known{"1", ""},
      Known{"%", "percent"},
      Known{"s", "seconds"},
      Known{"ms", "milliseconds"},
      Known{"us", "microseconds"},
      Known{"ns", "nanoseconds"},
      Known{"min", "minutes"},
      Known{"B", "bytes"},
      Known{"1e-9", "per_billion"},
  };
  for (const Known& known : kKnown)
    if (known.unit == unit) return std::string(known.name);
  // A rate: its two sides by themselves.
  if (const std::size_t slash = unit.find('/');
      slash != std::string_view::npos) {
    std::string per = UnitName(unit.substr(slash + 1));
    if (per.ends_with('s')) per.pop_back();
    return UnitName(unit.substr(0, slash)) + "_per_" + per;
  }
  std::string name;
  for (const char c : unit)
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

std::string GaugeName(std::span<const std::string> parts) {
  std::string name = "eyechart";
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    name += '_';
    for (const char c : part)
      name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  return name;
}

double UnixSeconds(const std::string& rfc3339) {
  std::tm time{};
  const char* end = ::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  if (end == nullptr || *end != '\0') return -1;
  return static_cast<double>(::timegm(&time));
}

std::unique_ptr<Exporter> MakeOpenMetrics() {
  return std::make_unique<OpenMetricsExporter>();
}

}  // namespace eyechart::reports
