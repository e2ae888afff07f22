// A gate's cells in words, and those that somebody should look at.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "reports/findings.h"
#include "reports/gate/gate_exporter.h"

namespace eyechart::reports {

/// The order that people read verdicts in: what needs action first.
inline constexpr std::array kVerdictOrder = {
    Verdict::kRegressed,    Verdict::kMissing,  Verdict::kError,
    Verdict::kIncomparable, Verdict::kImproved, Verdict::kInconclusive,
    Verdict::kPass};

/// Verdict, numbers, margin, test and reason in one line.
std::string CellSentence(const GateCell& cell);

/// How many cells have each verdict, in kVerdictOrder: "2 regressed, 40 pass".
std::string VerdictCounts(const GateResult& result);

/// What fails is an error; what would, were it required, is a warning; what is
/// inconclusive and does not fail is a notice. Passed and improved cells are
/// none. In the order of level, verdict, baseline.
std::vector<Finding> FindingsOf(const GateReport& report);

}  // namespace eyechart::reports
