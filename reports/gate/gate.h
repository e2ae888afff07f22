// The regression gate: two runs, a policy, a verdict a cell and an exit code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/metrics.h"
#include "reports/gate/decide.h"
#include "reports/gate/noise.h"
#include "reports/gate/policy.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

struct GateOptions {
  bool strict = false;  // inconclusive cells end with exit code 3
  ResampleOptions resample;
  /// false: the runs hold some cells of many, and rules may be of others.
  bool whole_runs = true;
};

/// One (cell, metric) of the baseline. Numbers are in the metric's unit.
struct GateCell {
  std::string cell;
  std::string metric;  // "" where the whole cell has no result
  std::string unit;
  Direction direction = Direction::kNone;
  Verdict verdict = Verdict::kPass;
  std::optional<double> baseline;
  std::optional<double> candidate;
  std::optional<double> difference;  // candidate - baseline
  std::optional<Interval> ci;        // of the difference
  std::optional<double> margin;
  std::optional<double> p;
  std::optional<double> p_adjusted;
  std::optional<double> least_loss;  // minimum detectable, 80 % power
  std::string test;
  std::string reason;
  std::int64_t n = 0;
  bool required = true;
};

struct GateResult {
  Verdict verdict = Verdict::kPass;
  int exit_code = 0;
  std::vector<GateCell> cells;       // in the baseline's order
  std::vector<std::string> missing;  // cells without some result, each once
  /// Keys of environment.json that keep cells from being compared: key ->
  /// (baseline, candidate).
  std::map<std::string, std::pair<Json, Json>> environment;
  std::vector<std::string> warnings;
  std::string policy;         // its source
  std::size_t tested = 0;     // the family of the adjusted p values
  std::size_t new_cells = 0;  // (cell, metric) that the baseline lacks
};

/// Judges `candidate` against `baseline`. `noise` is of the baseline's build;
/// it widens intervals of what was not interleaved. Rules of the policy that
/// fit no cell of whole runs are warnings. Throws InputError where the
/// runs have no cell in common, where the policy names an unknown metric, and
/// where it asks for a margin finer than the noise floor.
GateResult JudgeRuns(const RunFolder& baseline,
                     const RunFolder& candidate,
                     const Policy& policy,
                     const Noise& noise,
                     const GateOptions& options = {});

/// Sets verdict and exit code of the whole from the cells that are required.
void Summarize(GateResult& result, bool strict);

/// The object of `gate --json` (design §3.1), without schema and command; each
/// cell also has n, unit, direction, required and least_loss, the minimum
/// detectable effect.
Json GateToJson(const GateResult& result);

/// For people: what matters first, counts, and the verdict in one line.
std::string GateToText(const GateResult& result, bool all);

}  // namespace eyechart::reports
