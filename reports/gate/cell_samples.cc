#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"
#include "reports/gate/item_pairs.h"
#include "reports/gate/policy.h"
#include "reports/gate/run_values.h"
#include "reports/gate/sweep_samples.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

using Statistic = std::function<double(std::vector<double>&)>;

struct Samples {
  std::vector<double> values;  // in the metric's unit
  std::map<std::string, std::vector<double>> pairs;
  std::vector<std::pair<double, double>> turns;  // start and end in ns
};

// Nanoseconds in a unit of time; 0 for another unit.
double NanosecondsIn(const std::string& unit) {
  if (unit == "ns") return 1;
  if (unit == "us") return 1e3;
  if (unit == "ms") return 1e6;
  return unit == "s" ? 1e9 : 0;
}

double MedianOf(std::vector<double>& values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// Nearest rank, multiplied before divided: measurement.md's percentile rule.
Statistic PercentileOf(std::size_t per_mille) {
  return [per_mille](std::vector<double>& values) {
    const std::size_t rank = (values.size() * per_mille + 999) / 1000;
    const auto place =
        values.begin() + static_cast<std::ptrdiff_t>(rank > 0 ? rank - 1 : 0);
    std::nth_element(values.begin(), place, values.end());
    return *place;
  };
}

double MeanOfSamples(std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

// The statistic that a metric's name ends with, and its plural.
std::pair<std::string, Statistic> StatisticOf(const std::string& metric) {
  static const std::vector<
      std::pair<std::string, std::pair<std::string, Statistic>>>
      kStatistics = {{"median", {"medians", MedianOf}},
                     {"p50", {"medians", MedianOf}},
                     {"mean", {"means", MeanOfSamples}},
                     {"p90", {"90th percentiles", PercentileOf(900)}},
                     {"p95", {"95th percentiles", PercentileOf(950)}},
                     {"p99", {"99th percentiles", PercentileOf(990)}}};
  for (const auto& [ending, statistic] : kStatistics)
    if (metric.ends_with(ending)) return statistic;
  return {"", nullptr};
}

std::optional<Samples> ReadSamples(const CellSide& side) {
  const fs::path file =
      side.run / "samples" / (CellSlug(side.record->cell) + ".csv");
  if (!fs::exists(file)) return std::nullopt;
  const CsvTable table = CsvTable::ReadFile(file);
  if (IsSweepSamples(table)) return std::nullopt;
  const std::size_t latency = table.Column("latency_ns");
  const auto pair = table.FindColumn("pair");
  const auto started = table.FindColumn("started_ns");
  const double unit = NanosecondsIn(side.record->unit);
  Samples samples;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::optional<double> value = ParseDouble(table.at(row, latency));
    EYECHART_REQUIRE(value && std::isfinite(*value) && *value > 0,
                     "{}: row {}: latency_ns \"{}\": should be above 0",
                     file.string(), row + 2, table.at(row, latency));
    samples.values.push_back(*value / unit);
    if (!pair || table.at(row, *pair).empty()) continue;
    samples.pairs[table.at(row, *pair)].push_back(*value / unit);
    if (!started) continue;
    const std::optional<double> start = ParseDouble(table.at(row, *started));
    EYECHART_REQUIRE(start && std::isfinite(*start),
                     "{}: row {}: started_ns \"{}\": should be a number",
                     file.string(), row + 2, table.at(row, *started));
    samples.turns.emplace_back(*start, *start + *value);
  }
  if (samples.values.empty()) return std::nullopt;
  return samples;
}

// Whether some turns of the two runs overlap. Runs that took turns share a
// clock and never do; two runs by themselves both begin at its start.
bool SampleOverlap(const Samples& baseline, const Samples& candidate) {
  std::vector<std::pair<double, double>> turns = baseline.turns;
  turns.insert(turns.end(), candidate.turns.begin(), candidate.turns.end());
  std::ranges::sort(turns);
  for (std::size_t i = 1; i < turns.size(); ++i)
    if (turns[i].first < turns[i - 1].second) return true;
  return false;
}

// Ratios of the pairs that both runs have; empty where some has no partner.
std::vector<double> RatiosOf(Samples& baseline, Samples& candidate) {
  std::vector<double> ratios;
  if (baseline.pairs.size() != candidate.pairs.size() ||
      SampleOverlap(baseline, candidate))
    return ratios;
  for (auto& [name, before] : baseline.pairs) {
    const auto after = candidate.pairs.find(name);
    if (after == candidate.pairs.end()) return {};
    ratios.push_back(MedianOf(after->second) / MedianOf(before));
  }
  return ratios;
}

std::optional<CellEstimate> EstimateLatency(const CellSide& baseline,
                                            const CellSide& candidate,
                                            const ResampleOptions& options,
                                            std::string& note) {
  if (NanosecondsIn(baseline.record->unit) == 0) return std::nullopt;
  const auto [plural, statistic] = StatisticOf(baseline.record->metric);
  if (!statistic) return std::nullopt;
  std::optional<Samples> before = ReadSamples(baseline);
  std::optional<Samples> after = ReadSamples(candidate);
  if (!before || !after) {
    note = fmt::format("the {} has no samples of it",
                       before ? "candidate" : "baseline");
    return std::nullopt;
  }
  // Pairs say how the middle moved, not how a tail did.
  if (plural == "medians" || plural == "means") {
    const std::vector<double> ratios = RatiosOf(*before, *after);
    if (!ratios.empty()) {
      note.clear();
      return EstimateRatios(ratios, *baseline.record->value, options);
    }
    note = "the samples are of no common interleaved pairs";
  }
  return EstimateSamples(before->values, after->values, plural, statistic,
                         options);
}

}  // namespace

CellEstimate EstimateCell(const CellSide& baseline,
                          const CellSide& candidate,
                          const ResampleOptions& options) {
  const Record& before = *baseline.record;
  const Record& after = *candidate.record;
  std::string note;
  std::optional<CellEstimate> estimate =
      EstimateLatency(baseline, candidate, options, note);
  // Whole runs that took turns say more than samples that did not.
  if (IsSpeedMetric(before.unit) && !(estimate && estimate->paired))
    if (std::optional<CellEstimate> runs =
            EstimateRunValues(baseline, candidate, options)) {
      estimate = std::move(runs);
      note.clear();
    }
  if (!estimate && NanosecondsIn(before.unit) == 0)
    if (const std::optional<PairedItems> items =
            PairItems(baseline, candidate, note))
      estimate = EstimateItems(*items, options);
  if (!estimate && before.ci && after.ci) {
    estimate =
        EstimateIntervals(*before.value, *before.ci, *after.value, *after.ci);
    estimate->n = std::min(before.n, after.n);
  }
  if (!estimate) {
    // A count is what it is; a time, or a share of which nothing is known, is
    // not.
    const auto is_whole = [](double value) {
      return std::floor(value) == value;
    };
    const bool exact = NanosecondsIn(before.unit) == 0 &&
                       !before.unit.ends_with("/s") && !before.ci &&
                       !after.ci && is_whole(*before.value) &&
                       is_whole(*after.value);
    estimate = EstimateValues(*before.value, *after.value, exact);
    estimate->n = std::min(before.n, after.n);
    if (!exact)
      note = "no samples and no interval tell noise from change";
    else
      note.clear();
  }
  estimate->note = note;
  return *std::move(estimate);
}

}  // namespace eyechart::reports
