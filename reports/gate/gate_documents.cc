// The gate's small documents: those that other files already know how to write.
#include <algorithm>

#include "reports/badge.h"
#include "reports/gate/gate_findings.h"
#include "reports/gate/gate_formats.h"
#include "reports/github.h"
#include "reports/sarif.h"

namespace eyechart::reports {
namespace {

const char* ColorOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
    case Verdict::kImproved:
      return "brightgreen";
    case Verdict::kInconclusive:
      return "yellow";
    case Verdict::kIncomparable:
      return "orange";
    case Verdict::kRegressed:
    case Verdict::kMissing:
    case Verdict::kError:
      break;
  }
  return "red";
}

}  // namespace

std::string GateTextDocument(const GateReport& report) {
  return GateToText(report.result, report.all);
}

std::string GateJsonDocument(const GateReport& report) {
  Json json = {
      {"schema", 1}, {"command", "gate"}, {"warnings", report.warnings}};
  json.update(GateToJson(report.result));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string GateAnnotations(const GateReport& report) {
  std::vector<Finding> findings = FindingsOf(report);
  for (const std::string& warning : report.warnings)
    findings.push_back({FindingLevel::kWarning, "gate", "", "", warning});
  return Annotations(std::move(findings));
}

std::string GateSummary(const GateReport& report) {
  return LimitMarkdown(GateMarkdown(report));
}

std::string GateSarif(const GateReport& report) {
  const SarifRun run{"eyechart/gate", "", FindingsOf(report)};
  return SarifDocument({&run, 1});
}

std::string GateBadge(const GateReport& report) {
  const GateResult& result = report.result;
  std::string message(VerdictName(result.verdict));
  const auto count = std::ranges::count_if(result.cells, [&](const auto& cell) {
    return cell.required && cell.verdict == result.verdict;
  });
  if (result.verdict != Verdict::kPass)
    message = fmt::format("{} {}", count, message);
  return BadgeDocument("eyechart gate", message, ColorOf(result.verdict),
                       result.exit_code != 0);
}

}  // namespace eyechart::reports
