// probe.json as probes write it, checked before anything of it is drawn, and
// encoders compared seed by seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"
#include "reports/seed_pairs.h"

namespace eyechart::reports {

/// One point of a mixture's curve.
struct MixtureRow {
  std::string read_out;         // attentive or linear
  std::optional<double> alpha;  // none: interleaved
  double score = 0;             // on the test rows
  std::optional<double> low;
  std::optional<double> high;
};

/// One probe of one encoder.
struct ProbeRow {
  std::size_t run = 0;  // index of the run
  std::string cell;
  std::string encoder;
  std::string score_name;  // top1, map or mae
  double score = 0;        // of the first seed
  std::optional<double> low;
  std::optional<double> high;
  std::int64_t train = 0;
  std::int64_t validation = 0;
  std::int64_t test = 0;
  std::int64_t points = 0;  // of the grid
  std::string selected;     // the grid point, "k 20"; empty: no grid
  std::string split;        // that chose it: validation, test or none
  SeedScores seeds;         // the score of each
  std::vector<MixtureRow> mixture;
  /// Against the first row of the table, by the seeds that both have.
  std::optional<SeedDifference> difference;
};

/// The probes of one protocol on one data set, the best first.
struct ProbeTable {
  std::string dataset;
  std::string kind;
  std::string protocol;
  bool augment = false;
  std::vector<ProbeRow> rows;
};

/// A grid point of a probe.json without its scores: "k 20", "decay 0.05, rate
/// 0.002".
std::string GridPointText(const Json& point);

/// Tables in the order of their first cell. Throws InputError naming run, cell
/// and key where a probe.json is not as probes write it.
std::vector<ProbeTable> MakeProbeTables(std::span<const RunFolder> runs);

}  // namespace eyechart::reports
