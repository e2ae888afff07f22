#include "reports/methods.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>
#include <string_view>

#include "core/metrics.h"
#include "reports/display.h"

namespace eyechart::reports {
namespace {

struct Estimator {
  std::string_view name;
  std::string_view what;
};

constexpr std::array kEstimators = {
    Estimator{"bootstrap of the mean",
              "percentile bootstrap of a mean, values drawn anew with "
              "replacement from a fixed seed (Efron 1979)"},
    Estimator{"wilson",
              "Wilson's score interval of a proportion of independent items "
              "(Wilson 1927)"},
    Estimator{"jackknife over images",
              "delete-one jackknife over pictures, normal quantile, clipped to "
              "[0, 1]: pairs share pictures and so are not independent "
              "(Arvesen 1969)"},
    Estimator{"bootstrap over groups",
              "percentile bootstrap, 1,000 draws of groups of pictures that "
              "differ in the answer alone, each taken at all strengths; for "
              "thresholds the psychometric function is fitted to each draw"},
    Estimator{"bootstrap within classes",
              "percentile bootstrap of the mean over classes, 2,000 draws; "
              "pictures are drawn anew within each class, as many as it has"},
    Estimator{"bootstrap over pictures",
              "percentile bootstrap, 500 draws of pictures; average precision "
              "is found anew for each draw"},
    Estimator{"bootstrap over items",
              "percentile bootstrap, 2,000 draws of items, the same for all "
              "errors"},
    Estimator{"image bootstrap, percentile",
              "percentile bootstrap over pictures, each with all of its truths "
              "and detections; matches are kept and accumulated anew; a class "
              "without truth in a draw is left out of that draw's mean"},
    Estimator{"student-t",
              "Student's t interval of the mean of differences, paired by "
              "seed (Student 1908)"},
};

std::string_view WhatOf(std::string_view estimator) {
  for (const Estimator& row : kEstimators)
    if (row.name == estimator) return row.what;
  return "";
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
