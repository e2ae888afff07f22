// The gate as JUnit XML: a test a result of the baseline. The document has
// failures or errors exactly where the gate's exit code is not 0: a regression
// (and with --strict what is inconclusive) is a failure, a missing or
// incomparable result an error. What the policy does not require, and what is
// inconclusive, is skipped with its numbers.
#include "core/text.h"
#include "reports/gate/gate_findings.h"
#include "reports/gate/gate_formats.h"
#include "reports/junit.h"

namespace eyechart::reports {
namespace {

using Outcome = JunitCase::Outcome;

Outcome OutcomeOf(const GateCell& cell, bool strict) {
  if (cell.verdict == Verdict::kPass || cell.verdict == Verdict::kImproved)
    return Outcome::kPassed;
  if (!Fails(cell, strict)) return Outcome::kSkipped;
  return cell.verdict == Verdict::kRegressed ||
                 cell.verdict == Verdict::kInconclusive
             ? Outcome::kFailure
             : Outcome::kError;
}

// Raw numbers, for who greps.
std::string Numbers(const GateCell& cell) {
  std::string lines = fmt::format("verdict = {}\n", VerdictName(cell.verdict));
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) lines += fmt::format("{} = {}\n", name, FormatDouble(*value));
  };
  add("baseline", cell.baseline);
  add("candidate", cell.candidate);
  add("difference", cell.difference);
  if (cell.ci) {
    add("ci_low", cell.ci->low);
    add("ci_high", cell.ci->high);
    add("ci_level", cell.ci->level);
  }
  add("margin", cell.margin);
  add("p", cell.p);
  add("p_adjusted", cell.p_adjusted);
  add("least_loss", cell.least_loss);
  lines += fmt::format("unit = {}\ndirection = {}\nn = {}\n", cell.unit,
                       DirectionName(cell.direction), cell.n);
  if (!cell.test.empty()) lines += fmt::format("test = {}\n", cell.test);
  if (!cell.reason.empty()) lines += fmt::format("reason = {}\n", cell.reason);
  return lines;
}

}  // namespace

std::string GateJunit(const GateReport& report) {
  JunitSuite suite;
  suite.name = "eyechart gate";
  suite.properties = {
      {"baseline", report.baseline},
      {"candidate", report.candidate},
      {"policy", report.result.policy},
      {"strict", report.strict ? "true" : "false"},
      {"verdict", std::string(VerdictName(report.result.verdict))},
      {"exit_code", std::to_string(report.result.exit_code)}};
  for (const GateCell& cell : report.result.cells) {
    JunitCase test;
    test.class_name = JunitClass(cell.cell);
    test.name = ResultName(cell.cell, cell.metric);
    test.outcome = OutcomeOf(cell, report.strict);
    test.type = VerdictName(cell.verdict);
    test.message = CellSentence(cell);
    test.output = Numbers(cell);
    suite.cases.push_back(std::move(test));
  }
  for (const std::string& warning : report.warnings)
    suite.notes += warning + "\n";
  return JunitDocument({&suite, 1});
}

}  // namespace eyechart::reports
