#include <algorithm>
#include <string_view>

#include "reports/display.h"
#include "reports/gate/gate_findings.h"

namespace eyechart::reports {
namespace {

// Without --all no more rows of one verdict than a screen holds.
constexpr std::size_t kRowsShown = 20;

std::string NumberOrDash(const std::optional<double>& value) {
  return value ? FormatNumber(*value) : "-";
}

std::string PlainInterval(const std::optional<Interval>& ci) {
  if (!ci) return "-";
  return fmt::format("[{}, {}]", FormatNumber(ci->low), FormatNumber(ci->high));
}

std::string GatePText(const std::optional<double>& p) {
  return p ? fmt::format("{:.2g}", *p) : "-";
}

using Row = std::vector<std::string>;

Row TextRowOf(const GateCell& cell) {
  std::string verdict(VerdictName(cell.verdict));
  if (!cell.required) verdict += " (not required)";
  return {verdict,
          cell.cell + (cell.metric.empty() ? "" : " " + cell.metric),
          NumberOrDash(cell.baseline),
          NumberOrDash(cell.candidate),
          NumberOrDash(cell.difference),
          PlainInterval(cell.ci),
          NumberOrDash(cell.margin),
          GatePText(cell.p),
          GatePText(cell.p_adjusted),
          NumberOrDash(cell.least_loss),
          cell.test};
}

// Bytes that begin a character; the numbers' narrow blanks have three.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned>(c) & 0xC0U) != 0x80U;
  }));
}

std::string TextTable(const std::vector<Row>& rows,
                      const std::vector<std::string>& reasons) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], Width(row[i]));
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += (i == 0 ? "" : "  ") + rows[r][i];
      line.append(widths[i] - Width(rows[r][i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (!reasons[r].empty()) text += "    " + reasons[r] + "\n";
  }
  return text;
}

}  // namespace

std::string GateToText(const GateResult& result, bool all) {
  std::vector<Row> rows = {{"verdict", "cell", "baseline", "candidate",
                            "difference", "interval", "margin", "p", "p adj.",
                            "least", "test"}};
  std::vector<std::string> reasons = {""};
  std::size_t left_out = 0;
  for (const Verdict verdict : kVerdictOrder) {
    std::size_t shown = 0;
    for (const GateCell& cell : result.cells) {
      if (cell.verdict != verdict) continue;
      if (!all && (verdict == Verdict::kPass || shown == kRowsShown)) {
        ++left_out;
        continue;
      }
      ++shown;
      rows.push_back(TextRowOf(cell));
      reasons.push_back(cell.reason);
    }
  }
  std::string text;
  if (rows.size() > 1) text += TextTable(rows, reasons) + "\n";
  if (left_out > 0)
    text += fmt::format("{} rows more: --all shows them\n", left_out);
  for (const auto& [key, values] : result.environment)
    text += fmt::format("environment {}: {} in the baseline, {} now\n", key,
                        JsonText(values.first), JsonText(values.second));
  text += fmt::format("{} results of the baseline: {}\n", result.cells.size(),
                      VerdictCounts(result));
  text +=
      fmt::format("{} tested together; least: the loss found with 80 % power\n",
                  result.tested);
  text += fmt::format("gate: {} (exit code {})\n", VerdictName(result.verdict),
                      result.exit_code);
  return text;
}

}  // namespace eyechart::reports
