// The gate as Markdown: the verdict, what needs action, what passed. Columns
// that no row has a value for are left out.
#include <algorithm>

#include "reports/comparison.h"
#include "reports/display.h"
#include "reports/gate/gate_findings.h"
#include "reports/gate/gate_formats.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

using MarkdownRows = std::vector<std::vector<std::string>>;

std::vector<std::string> MarkdownRowOf(const GateCell& cell) {
  const auto number = [](const std::optional<double>& value) {
    return value ? FormatNumber(*value) : std::string();
  };
  std::string verdict(VerdictName(cell.verdict));
  if (cell.verdict == Verdict::kRegressed) verdict = "**" + verdict + "**";
  if (!cell.required) verdict += " (not required)";
  std::string metric = EscapeMarkdown(cell.metric);
  if (const std::string_view arrow =
          DirectionArrow(DirectionName(cell.direction));
      !metric.empty() && !arrow.empty())
    metric.append(" ").append(arrow);
  return {verdict,
          EscapeMarkdown(cell.cell),
          metric,
          EscapeMarkdown(UnitText(cell.unit)),
          EscapeMarkdown(cell.reason),
          EscapeMarkdown(cell.test),
          number(cell.baseline),
          number(cell.candidate),
          number(cell.difference),
          cell.ci ? fmt::format("\\[{}, {}\\]", FormatNumber(cell.ci->low),
                                FormatNumber(cell.ci->high))
                  : "",
          number(cell.margin),
          cell.p_adjusted ? fmt::format("{:.2g}", *cell.p_adjusted) : "",
          number(cell.least_loss)};
}

std::string MarkdownTable(const MarkdownRows& rows) {
  static const std::vector<std::string> kNames = {
      "verdict", "cell",     "metric",    "unit",       "reason",
      "test",    "baseline", "candidate", "difference", "interval",
      "margin",  "p adj.",   "least"};
  constexpr std::size_t kFirstNumber = 6;
  std::vector<std::size_t> columns;
  std::size_t first_number = 0;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (std::ranges::all_of(rows,
                            [i](const auto& row) { return row[i].empty(); }))
      continue;
    columns.push_back(i);
    first_number += i < kFirstNumber;
  }
  const auto chosen = [&](const std::vector<std::string>& row) {
    std::vector<std::string> cells;
    for (const std::size_t i : columns) cells.push_back(row[i]);
    return cells;
  };
  std::string text = TableHead(chosen(kNames), first_number);
  for (const auto& row : rows) text += TableLine(chosen(row));
  return text + "\n";
}

}  // namespace

std::string GateMarkdown(const GateReport& report) {
  const GateResult& result = report.result;
  std::string text = fmt::format(
      "# eyechart gate: {}\n\n{}: {}. {} judged by {}, exit code {}.\n\n",
      VerdictName(result.verdict), Plural(result.cells.size(), "result"),
      VerdictCounts(result), EscapeMarkdown(report.candidate),
      EscapeMarkdown(report.baseline), result.exit_code);
  MarkdownRows first;
  MarkdownRows passed;
  for (const Verdict verdict : kVerdictOrder)
    for (const GateCell& cell : result.cells)
      if (cell.verdict == verdict)
        (verdict == Verdict::kPass ? passed : first)
            .push_back(MarkdownRowOf(cell));
  if (!first.empty()) text += MarkdownTable(first);
  for (const auto& [key, values] : result.environment)
    text +=
        fmt::format("- environment {}: {} in the baseline, {} now\n",
                    EscapeMarkdown(key), EscapeMarkdown(JsonText(values.first)),
                    EscapeMarkdown(JsonText(values.second)));
  for (const std::string& warning : report.warnings)
    text += fmt::format("- {}\n", EscapeMarkdown(warning));
  if (!result.environment.empty() || !report.warnings.empty()) text += "\n";
  if (report.all && !passed.empty())
    text += "## Passed\n\n" + MarkdownTable(passed);
  text += fmt::format(
      "Differences are candidate less baseline. {} of the results were tested "
      "together by {}; *least* is the loss that is found with 80 % power.\n",
      result.tested, EscapeMarkdown(result.policy));
  return text;
}

}  // namespace eyechart::reports
