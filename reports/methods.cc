#include "reports/methods.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>

#include "core/interval_methods.h"
#include "core/metrics.h"
#include "reports/display.h"

namespace eyechart::reports {
namespace {

std::string_view WhatOf(std::string_view estimator) {
  const IntervalMethod* row = FindIntervalMethod(estimator);
  return row == nullptr ? "" : row->what;
}

}  // namespace

std::vector<MetricNote> MetricsUsed(std::span<const RunFolder> runs) {
  std::vector<MetricNote> notes;
  std::set<std::string> seen;
  for (const RunFolder& run : runs) {
    for (const Record& record : run.records) {
      if (record.metric.empty()) continue;
      if (!seen.insert(record.metric).second) {
        for (MetricNote& note : notes)
          if (note.name == record.metric && note.unit != record.unit)
            note.unit.clear();
        continue;
      }
      MetricNote note{record.metric, record.unit, record.direction, "", ""};
      // Not FindMetric: a newer eyechart may have written the record.
      for (const Metric& metric : Metrics()) {
        if (metric.name != record.metric) continue;
        note.what = metric.what;
        note.source = metric.source;
      }
      notes.push_back(std::move(note));
    }
  }
  return notes;
}

std::vector<EstimatorNote> EstimatorsUsed(std::span<const RunFolder> runs) {
  std::map<std::string, std::set<double>> levels;
  for (const RunFolder& run : runs)
    for (const Record& record : run.records)
      if (record.ci) levels[record.ci->method].insert(record.ci->level);
  std::vector<EstimatorNote> notes;
  for (const auto& [name, of_method] : levels) {
    std::vector<std::string> texts;
    for (const double level : of_method)
      texts.push_back(fmt::format("{:g}%", level * 100));
    notes.push_back({name, fmt::format("{}", fmt::join(texts, ", ")),
                     std::string(WhatOf(name))});
  }
  return notes;
}

std::string BlindPairSentence(const std::string& near_model,
                              const std::string& far_model,
                              const std::string& near_min,
                              const std::string& far_max) {
  return fmt::format(
      "A CLIP-blind pair is two different pictures that {} takes for nearly "
      "the same (the cosine of their embeddings is above {}) although {} sees "
      "them clearly apart (below {}): what sets the two pictures apart is "
      "something the first encoder does not see.",
      near_model, near_min, far_model, far_max);
}

}  // namespace eyechart::reports
