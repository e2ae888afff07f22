// The records that every exporter is tested with: all that may stand in a
// record and break a document.
#pragma once

#include <string>
#include <vector>

#include "reports/gate/gate_exporter.h"
#include "reports/run_folder.h"

namespace eyechart::reports::testing {

/// Runs that are exported together.
struct GoldenCase {
  std::string name;  // letters and '-'
  std::vector<RunFolder> runs;
};

/// - "empty": a run without records;
/// - "night": values of all sizes, none, NaN and infinities, intervals, errors
///   of a cell and of a metric, skipped results, markup, controls, ill-formed
///   UTF-8, names of 300 characters, metrics that the table does not have;
/// - "two": the same, and a run of the same name that has other cells;
/// - "many": more errors, warnings and notices than GitHub shows.
std::vector<GoldenCase> GoldenCases();

/// A cell of "night" with nothing awkward about it.
inline constexpr char kPlainCell[] = "clip/knn/photos/k=10";
/// A cell of "night" that failed.
inline constexpr char kFailedCell[] = "odd/knn/photos/k=10";

/// A gate with every verdict, each required and not; "pass" passes, "empty" has
/// no cells.
struct GoldenGate {
  std::string name;
  GateReport report;
};
std::vector<GoldenGate> GoldenGates();

}  // namespace eyechart::reports::testing
