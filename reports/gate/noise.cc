#include "reports/gate/noise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "reports/gate/environments.h"
#include "reports/json_member.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

double MeanOfValues(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

CellNoise Describe(std::vector<double> values) {
  CellNoise noise;
  const auto [least, most] = std::ranges::minmax(values);
  noise.floor = most - least;
  const auto n = static_cast<double>(values.size());
  const double mean = MeanOfValues(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  noise.deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0;
  noise.values = std::move(values);
  return noise;
}

// Relative deviations of a metric's cells, pooled by their degrees of freedom.
std::map<std::string, double> Pool(const Noise& noise) {
  struct Sums {
    double squares = 0;
    double freedom = 0;
  };
  std::map<std::string, Sums> sums;
  for (const auto& [key, cell] : noise.cells) {
    const double mean = MeanOfValues(cell.values);
    if (mean == 0) continue;
    const auto freedom = static_cast<double>(cell.values.size()) - 1;
    const double relative = cell.deviation / mean;
    sums[key.second].squares += freedom * relative * relative;
    sums[key.second].freedom += freedom;
  }
  std::map<std::string, double> pooled;
  for (const auto& [metric, sum] : sums)
    pooled[metric] = std::sqrt(sum.squares / sum.freedom);
  return pooled;
}

void RequireSameBuild(const Record& first,
                      const RunFolder& first_run,
                      const Record& other,
                      const RunFolder& other_run) {
  const auto require = [&](const std::string& a, const std::string& b,
                           const char* what) {
    EYECHART_REQUIRE(a == b,
                     "{} and {}: cell {}: other {}; noise is what differs "
                     "between runs of one build",
                     first_run.path.string(), other_run.path.string(),
                     first.cell, what);
  };
  require(first.weights_sha256, other.weights_sha256, "weights");
  require(first.preprocess_sha256, other.preprocess_sha256, "preprocessing");
  require(first.dataset_sha256, other.dataset_sha256, "data");
}

void RequireSameEnvironment(const RunFolder& first, const RunFolder& other) {
  Policy policy;
  policy.may_differ = {"command", "memory"};
  const auto hash = [](const RunFolder& run) {
    return run.records.empty() ? "" : run.records.front().environment;
  };
  const auto differences =
      EnvironmentDifferences(EnvironmentsOf(first), hash(first),
                             EnvironmentsOf(other), hash(other), policy);
  if (differences.empty()) return;
  const auto& [key, values] = *differences.begin();
  ThrowInput(
      "{} and {}: {} is {} and {}; noise is what differs between runs "
      "of one build on one machine",
      first.path.string(), other.path.string(), key, values.first.dump(),
      values.second.dump());
}

}  // namespace

double Noise::FloorOf(const std::string& cell,
                      const std::string& metric) const {
  const auto found = cells.find({cell, metric});
  return found == cells.end() ? 0 : found->second.floor;
}

double Noise::DifferenceDeviation(const std::string& cell,
                                  const std::string& metric,
                                  double value) const {
  const auto of_metric = pooled.find(metric);
  const double all =
      of_metric == pooled.end() ? 0 : of_metric->second * std::abs(value);
  const auto own = cells.find({cell, metric});
  return std::sqrt(2.0) *
         std::max(all, own == cells.end() ? 0 : own->second.deviation);
}

Noise NoiseOf(
    std::vector<std::string> runs,
    std::map<std::pair<std::string, std::string>, std::vector<double>> values) {
  Noise noise;
  noise.runs = std::move(runs);
  for (auto& [key, list] : values) noise.cells[key] = Describe(std::move(list));
  noise.pooled = Pool(noise);
  return noise;
}

Noise MeasureNoise(std::span<const RunFolder> runs) {
  EYECHART_REQUIRE(runs.size() >= 2,
                   "the noise from run to run needs two runs or more");
  Noise noise;
  for (const RunFolder& run : runs) noise.runs.push_back(run.name);
  for (std::size_t i = 1; i < runs.size(); ++i)
    RequireSameEnvironment(runs[0], runs[i]);
  std::vector<std::map<std::pair<std::string, std::string>, const Record*>>
      others(runs.size());
  for (std::size_t i = 1; i < runs.size(); ++i)
    for (const Record& record : runs[i].records)
      others[i][{record.cell, record.metric}] = &record;
  for (const Record& record : runs[0].records) {
    if (!record.value) continue;
    std::vector<double> values = {*record.value};
    for (std::size_t i = 1; i < runs.size(); ++i) {
      const auto found = others[i].find({record.cell, record.metric});
      if (found == others[i].end() || !found->second->value) continue;
      RequireSameBuild(record, runs[0], *found->second, runs[i]);
      values.push_back(*found->second->value);
    }
    if (values.size() == runs.size())
      noise.cells[{record.cell, record.metric}] = Describe(std::move(values));
  }
  EYECHART_REQUIRE(!noise.cells.empty(),
                   "{} and the runs beside it have no cell in common",
                   runs[0].path.string());
  noise.pooled = Pool(noise);
  return noise;
}

Json NoiseToJson(const Noise& noise) {
  Json cells = Json::array();
  for (const auto& [key, cell] : noise.cells)
    cells.push_back({{"cell", key.first},
                     {"metric", key.second},
                     {"values", cell.values},
                     {"floor", cell.floor},
                     {"deviation", cell.deviation}});
  return {{"schema", 1}, {"runs", noise.runs}, {"cells", cells}};
}

Noise ReadNoise(const fs::path& baseline) {
  Noise noise;
  const fs::path path = baseline / "noise.json";
  if (!fs::exists(path)) return noise;
  const std::string source = path.string();
  const Json json = ReadJsonFile(path);
  EYECHART_REQUIRE(
      json.is_object() && JsonGet<int>(json, "schema", source) == 1,
      "{}: should be a JSON object of schema 1", source);
  const Json& cells = Member(json, "cells", source);
  EYECHART_REQUIRE(cells.is_array(), "{}: cells: should be a list", source);
  for (const Json& row : cells) {
    EYECHART_REQUIRE(row.is_object(), "{}: cells: should hold objects", source);
    std::vector<double> values;
    const Json& list = Member(row, "values", source);
    for (const Json& value : list) {
      EYECHART_REQUIRE(value.is_number(), "{}: values: should be numbers",
                       source);
      values.push_back(value.get<double>());
    }
    EYECHART_REQUIRE(values.size() >= 2, "{}: values: should be two or more",
                     source);
    noise.cells[{JsonGet<std::string>(row, "cell", source),
                 JsonGet<std::string>(row, "metric", source)}] =
        Describe(std::move(values));
  }
  noise.pooled = Pool(noise);
  if (const auto runs = json.find("runs"); runs != json.end())
    for (const Json& run : *runs)
      if (run.is_string()) noise.runs.push_back(run.get<std::string>());
  return noise;
}

}  // namespace eyechart::reports
