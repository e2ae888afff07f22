// Two runs side by side, every result of theirs with what tells a change from
// noise: `eyechart compare A B`. The gate's tests without its margins and
// verdicts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/statistics.h"
#include "reports/gate/resample.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One (cell, metric) that both runs have. Numbers are in the metric's unit.
struct RunDifference {
  std::string cell;
  std::string metric;
  std::string unit;
  std::string direction;  // higher, lower or none
  std::optional<double> first;
  std::optional<double> second;
  std::optional<double> difference;  // second - first
  std::optional<Interval> ci;        // of the difference
  std::optional<double> p;
  std::optional<double> p_adjusted;  // Benjamini-Hochberg, over all that have p
  /// The least true loss (where no direction is better: change) that is found
  /// significant among as many tests with a probability of 80 %.
  std::optional<double> least_change;
  std::string test;
  std::int64_t n = 0;
  std::string note;  // why there is no better test; what was not the same
};

struct RunDifferences {
  std::vector<RunDifference> rows;  // in the first run's order
  std::size_t tested = 0;           // the family of the adjusted p values
  double alpha = 0.05;
  std::vector<std::string> only_first;  // "cell metric"
  std::vector<std::string> only_second;
  std::vector<std::string> warnings;
};

/// Pairs the runs' results by cell and metric, items by id (item_pairs.h).
/// Intervals have level 1 - alpha; those of the significant ones are widened
/// for having been selected (decide.h). Times and throughputs of runs that took
/// no turns are widened by the noise in the first run's noise.json, where there
/// is one. Throws InputError where the runs have no cell in common.
RunDifferences CompareRuns(const RunFolder& first,
                           const RunFolder& second,
                           const ResampleOptions& options = {});

/// {"rows": [...], "tested", "alpha", "only_first", "only_second"}.
Json DifferencesToJson(const RunDifferences& differences);

/// A Markdown table and what stands beside it.
std::string DifferencesToMarkdown(const RunDifferences& differences,
                                  const std::string& first,
                                  const std::string& second);

}  // namespace eyechart::reports
