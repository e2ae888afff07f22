#include "reports/gate/gate_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/display.h"

namespace eyechart::reports {

std::string CellSentence(const GateCell& cell) {
  std::string text(VerdictName(cell.verdict));
  const std::string unit = UnitText(cell.unit);
  const std::string after = unit.empty() ? "" : " " + unit;
  const auto number = [&](const std::optional<double>& value) {
    return value ? FormatNumber(*value) + after : std::string("no value");
  };
  if (cell.baseline || cell.candidate)
    text += fmt::format(": {} in the baseline, {} now", number(cell.baseline),
                        number(cell.candidate));
  if (cell.difference) text += ", difference " + number(cell.difference);
  if (cell.ci)
    text +=
        fmt::format(" [{}, {}] at {}", FormatNumber(cell.ci->low),
                    FormatNumber(cell.ci->high), FormatPercent(cell.ci->level));
  if (cell.margin) text += ", margin " + number(cell.margin);
  if (cell.p_adjusted)
    text += fmt::format(", adjusted p {:.2g}", *cell.p_adjusted);
  if (!cell.test.empty()) text += fmt::format(" ({}, n {})", cell.test, cell.n);
  if (!cell.required) text += "; not required by the policy";
  if (!cell.reason.empty()) text += "; " + cell.reason;
  return text;
}

std::string VerdictCounts(const GateResult& result) {
  std::vector<std::string> parts;
  for (const Verdict verdict : kVerdictOrder) {
    const auto count =
        std::ranges::count(result.cells, verdict, &GateCell::verdict);
    if (count > 0)
      parts.push_back(fmt::format("{} {}", count, VerdictName(verdict)));
  }
  return parts.empty() ? "no results"
                       : fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<Finding> FindingsOf(const GateReport& report) {
  std::vector<Finding> findings;
  for (const Verdict verdict : kVerdictOrder) {
    if (verdict == Verdict::kPass || verdict == Verdict::kImproved) continue;
    for (const GateCell& cell : report.result.cells) {
      if (cell.verdict != verdict) continue;
      const FindingLevel level =
          Fails(cell, report.strict)                ? FindingLevel::kError
          : ExitCodeOf(verdict, report.strict) != 0 ? FindingLevel::kWarning
                                                    : FindingLevel::kNotice;
      findings.push_back({level, std::string(VerdictName(verdict)), cell.cell,
                          cell.metric, CellSentence(cell)});
    }
  }
  SortFindings(findings);
  return findings;
}

}  // namespace eyechart::reports
