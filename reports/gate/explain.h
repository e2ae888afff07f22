// How a cell's results came about: what `eyechart explain` says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "reports/gate/explain_samples.h"
#include "reports/gate/gate.h"

namespace eyechart::reports {

struct ExplainOptions {
  std::string cell;    // a cell's name, a glob of it, or a part that is unique
  std::string metric;  // "": every metric of the cell
};

/// One result of the cell.
struct ExplainedMetric {
  Record record;
  std::string what;       // of the metric table; "" where it does not know it
  std::string source;     // likewise
  std::string estimator;  // how the interval is made; "" without one
  std::optional<GateCell> gate;  // the verdict; none without a baseline
  std::string why_test;          // why this test is the right one
};

struct Explanation {
  std::string cell;
  std::vector<ExplainedMetric> metrics;  // not empty
  std::optional<SampleSummary> samples;
  std::optional<OutcomeSummary> outcomes;
  std::optional<FlippedItems> flipped;  // against the baseline
  Json environment;                     // null where it is not known
  /// What differs from the baseline's: key -> (baseline, run).
  std::map<std::string, std::pair<Json, Json>> environment_differences;
  bool has_baseline = false;
  std::size_t tested = 0;  // results in the family of the adjusted p values
  std::string repeat;      // the command that measures the cell again
  std::vector<std::string> warnings;
};

/// Explains one cell of `run`; against `baseline` where it is not null. Throws
/// InputError where no cell or several fit, naming the nearest, where the cell
/// lacks the metric, and as JudgeRuns does.
Explanation Explain(const RunFolder& run,
                    const RunFolder* baseline,
                    const Policy& policy,
                    const ExplainOptions& options);

/// The cell of `run` that `name` means: the name itself, else the one that it
/// matches as a glob or is a part of. Throws InputError.
std::string FindCell(const RunFolder& run, const std::string& name);

/// The object of `explain --json`, without schema and command.
Json ExplanationToJson(const Explanation& explanation);

/// For people.
std::string ExplanationToText(const Explanation& explanation);

}  // namespace eyechart::reports
