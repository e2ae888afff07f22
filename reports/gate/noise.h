// What differs between runs of one build: noise.json beside the baseline.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One (cell, metric) in runs of the same build, in the metric's unit.
struct CellNoise {
  std::vector<double> values;  // one a run
  double floor = 0;            // the largest difference between two of them
  double deviation = 0;        // sample standard deviation
};

struct Noise {
  std::vector<std::string> runs;  // their names
  std::map<std::pair<std::string, std::string>, CellNoise> cells;
  std::map<std::string, double> pooled;  // by metric: relative deviation

  /// Standard deviation of the difference of two runs: sqrt(2) times the cell's
  /// own deviation, or that pooled over all cells of the metric (relative to
  /// their values), whichever is more: few runs say little of one cell. 0 where
  /// neither is known.
  double DifferenceDeviation(const std::string& cell,
                             const std::string& metric,
                             double value) const;
  /// 0 where it is not known.
  double FloorOf(const std::string& cell, const std::string& metric) const;
};

/// Of the values that runs of one build gave, two or more a (cell, metric).
Noise NoiseOf(
    std::vector<std::string> runs,
    std::map<std::pair<std::string, std::string>, std::vector<double>> values);

/// Of two runs or more of the same build on the same machine. Throws InputError
/// where they differ in weights, data or environment (the command and the
/// memory aside), or have no cell in common.
Noise MeasureNoise(std::span<const RunFolder> runs);

/// noise.json: {"schema":1, "runs":[names], "cells":[{"cell", "metric",
/// "values", "floor", "deviation"}]}.
Json NoiseToJson(const Noise& noise);

/// noise.json of a baseline's folder; no cells where there is none. Throws
/// InputError where it cannot be read.
Noise ReadNoise(const std::filesystem::path& baseline);

}  // namespace eyechart::reports
