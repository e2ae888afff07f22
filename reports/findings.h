// What somebody should look at, of records or of a gate: what annotations and
// SARIF are made of.
#pragma once

#include <string>
#include <vector>

#include "reports/run_folder.h"

namespace eyechart::reports {

enum class FindingLevel { kError, kWarning, kNotice };

struct Finding {
  FindingLevel level = FindingLevel::kError;
  std::string kind;    // "failed", "no value", "skipped", or a verdict
  std::string cell;    // "" where it is of the whole document
  std::string metric;  // "" where it is of the whole cell
  std::string message;
};

/// "cell metric", or the cell alone where it is of the whole cell.
std::string ResultName(const std::string& cell, const std::string& metric);

/// Of one run: a failed record is an error, an ok record without a value a
/// warning, a skipped one a notice. Worst first, then in the run's order.
std::vector<Finding> FindingsOf(const RunFolder& run);

/// Sorts the worst level first and leaves the order within a level.
void SortFindings(std::vector<Finding>& findings);

}  // namespace eyechart::reports
