#include "probes/detection/evaluation/summary.h"

#include <algorithm>
#include <optional>

namespace eyechart::detection {
namespace {

using Indices = std::vector<std::size_t>;

Indices Where(const std::vector<int>& values, int wanted) {
  Indices found;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] == wanted) found.push_back(i);
  return found;
}

Indices AreaCalled(const EvaluationOptions& options, const std::string& name) {
  for (std::size_t a = 0; a < options.areas.size(); ++a)
    if (options.areas[a].name == name) return {a};
  return {};
}

double MeanOrNone(const std::vector<double>& values) {
  return values.empty() ? -1 : NumpyMean(values);
}

// What is read: areas and numbers of detections, each a list, as pycocotools
// has them: an empty one gives nothing, equal numbers count twice.
struct Slice {
  std::optional<double> threshold;
  std::optional<std::size_t> category;
  Indices areas;
  Indices numbers;
};

template <typename Take>
void Visit(const Evaluation& e, const Slice& slice, const Take& take) {
  for (std::size_t t = 0; t < e.thresholds(); ++t) {
    if (slice.threshold && e.options.iou_thresholds[t] != *slice.threshold)
      continue;
    take(t);
  }
}

// In the order of pycocotools' arrays, as sums depend on it.
double SlicePrecision(const Evaluation& e, const Slice& slice) {
  std::vector<double> values;
  const std::size_t first = slice.category.value_or(0);
  const std::size_t last = slice.category ? first + 1 : e.categories;
  Visit(e, slice, [&](std::size_t t) {
    for (std::size_t r = 0; r < kRecallPoints; ++r)
      for (std::size_t k = first; k < last; ++k)
        for (const std::size_t a : slice.areas)
          for (const std::size_t m : slice.numbers) {
            const double one =
                e.precision[e.Cell(t, k, a, m) * kRecallPoints + r];
            if (one > -1) values.push_back(one);
          }
  });
  return MeanOrNone(values);
}

double MeanRecall(const Evaluation& e, const Slice& slice) {
  std::vector<double> values;
  Visit(e, slice, [&](std::size_t t) {
    for (std::size_t k = 0; k < e.categories; ++k)
      for (const std::size_t a : slice.areas)
        for (const std::size_t m : slice.numbers) {
          const double one = e.recall[e.Cell(t, k, a, m)];
          if (one > -1) values.push_back(one);
        }
  });
  return MeanOrNone(values);
}

// The number that AP50 and the rest are of.
Indices RestNumbers(const EvaluationOptions& o) {
  const std::size_t last = o.max_detections.size() - 1;
  if (o.mode == Mode::kCorrected) return {last};
  return Where(o.max_detections,
               o.max_detections[std::min<std::size_t>(2, last)]);
}

Indices ApNumbers(const EvaluationOptions& o) {
  constexpr int kHardCoded = 100;
  if (o.mode == Mode::kCorrected) return {o.max_detections.size() - 1};
  return Where(o.max_detections, kHardCoded);
}

// AP's, or the last where pycocotools has none.
Indices OneNumber(const EvaluationOptions& o) {
  const Indices ap = ApNumbers(o);
  return ap.empty() ? Indices{o.max_detections.size() - 1} : Indices{ap.back()};
}

}  // namespace

std::vector<std::pair<std::string, double>> Named(const BoxStats& s) {
  return {{"AP", s.AP},   {"AP50", s.AP50}, {"AP75", s.AP75},
          {"APs", s.APs}, {"APm", s.APm},   {"APl", s.APl},
          {"AR1", s.AR1}, {"AR10", s.AR10}, {"AR100", s.AR100},
          {"ARs", s.ARs}, {"ARm", s.ARm},   {"ARl", s.ARl}};
}

BoxStats Summarize(const Evaluation& e) {
  const EvaluationOptions& o = e.options;
  const Indices rest = RestNumbers(o);
  const Indices all = AreaCalled(o, "all");
  const auto precision = [&](std::optional<double> threshold,
                             const Indices& areas, const Indices& numbers) {
    return SlicePrecision(e, {threshold, std::nullopt, areas, numbers});
  };
  const auto recall = [&](const Indices& areas, const Indices& numbers) {
    return MeanRecall(e, {std::nullopt, std::nullopt, areas, numbers});
  };
  const auto nth = [&](std::size_t i) {
    return i < o.max_detections.size()
               ? Where(o.max_detections, o.max_detections[i])
               : Indices{};
  };
  const Indices small = AreaCalled(o, "small");
  const Indices medium = AreaCalled(o, "medium");
  const Indices large = AreaCalled(o, "large");
  BoxStats s;
  s.AP = precision(std::nullopt, all, ApNumbers(o));
  s.AP50 = precision(0.5, all, rest);
  s.AP75 = precision(0.75, all, rest);
  s.APs = precision(std::nullopt, small, rest);
  s.APm = precision(std::nullopt, medium, rest);
  s.APl = precision(std::nullopt, large, rest);
  s.AR1 = recall(all, nth(0));
  s.AR10 = recall(all, nth(1));
  s.AR100 = recall(all, nth(2));
  s.ARs = recall(small, rest);
  s.ARm = recall(medium, rest);
  s.ARl = recall(large, rest);
  return s;
}

std::vector<AreaStats> SummarizeAreas(const Evaluation& e) {
  const Indices numbers = OneNumber(e.options);
  std::vector<AreaStats> made;
  for (std::size_t a = 0; a < e.areas(); ++a) {
    const auto precision = [&](std::optional<double> threshold) {
      return SlicePrecision(e, {threshold, std::nullopt, {a}, numbers});
    };
    made.push_back({e.options.areas[a].name, precision(std::nullopt),
                    precision(0.5), precision(0.75),
                    MeanRecall(e, {std::nullopt, std::nullopt, {a}, numbers})});
  }
  return made;
}

std::vector<ClassStats> SummarizeClasses(const Evaluation& e) {
  const Indices numbers = OneNumber(e.options);
  const Indices all = AreaCalled(e.options, "all");
  std::vector<ClassStats> made(e.categories);
  for (std::size_t k = 0; k < e.categories; ++k) {
    made[k].AP = SlicePrecision(e, {std::nullopt, k, all, numbers});
    made[k].AP50 = SlicePrecision(e, {0.5, k, all, numbers});
    for (std::size_t a = 0; a < e.areas(); ++a)
      made[k].AP_area.push_back(
          SlicePrecision(e, {std::nullopt, k, {a}, numbers}));
  }
  return made;
}

std::vector<std::size_t> SummaryNumbers(const EvaluationOptions& o) {
  Indices all = RestNumbers(o);
  for (const Indices& more : {ApNumbers(o), OneNumber(o)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace eyechart::detection
