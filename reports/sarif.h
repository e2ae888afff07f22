// SARIF 2.1.0 (OASIS): findings as code scanners report them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "reports/findings.h"

namespace eyechart::reports {

/// One run of the format.
struct SarifRun {
  std::string category;  // stable from night to night: tells analyses apart
  std::string version;   // eyechart's; "" where it is not known
  std::vector<Finding> findings;
};

/// The document. A rule a metric that has a finding, the table's text as its
/// help; a result a finding, none where all is well. A result's fingerprint is
/// of its rule, cell and kind, not of its numbers: the same trouble of the next
/// night is the same result. Its place is the cell (a logical location) and, as
/// viewers want a file, the run folder's suite.toml.
std::string SarifDocument(std::span<const SarifRun> runs);

}  // namespace eyechart::reports
