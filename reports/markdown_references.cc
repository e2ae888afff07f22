// The reference tables' section of a Markdown document.
#include <fmt/format.h>

#include <algorithm>

#include "reports/comparison.h"
#include "reports/display.h"
#include "reports/markdown_parts.h"
#include "reports/references.h"

namespace eyechart::reports {
namespace {

std::string ReferenceHeadText(const ReferenceColumn& column) {
  std::string head = EscapeMarkdown(column.metric);
  const std::string unit = UnitText(column.unit);
  if (!unit.empty()) head += fmt::format(" ({})", EscapeMarkdown(unit));
  const std::string_view arrow = DirectionArrow(column.direction);
  if (!arrow.empty()) head += fmt::format(" {}", arrow);
  if (!column.of.empty()) head += ", " + EscapeMarkdown(column.of);
  return head;
}

std::string TableText(const ReferenceTable& table, const NumberStyle& style) {
  std::string text = fmt::format(
      "### {}\n\nSource: {}. {}\n\n",
      EscapeMarkdown(table.title.empty() ? table.name : table.title),
      EscapeMarkdown(table.source), EscapeMarkdown(table.note));
  std::vector<std::string> head = {"encoder", "setting", "from"};
  for (const ReferenceColumn& column : table.columns)
    head.push_back(ReferenceHeadText(column));
  text += TableHead(head, 3);
  const std::size_t shown = std::min(table.rows.size(), kMaxReferenceRows);
  for (std::size_t i = 0; i < shown; ++i) {
    const ReferenceRow& row = table.rows[i];
    std::vector<std::string> cells = {EscapeMarkdown(row.encoder),
                                      EscapeMarkdown(row.setting),
                                      row.ours ? "measured here" : "source"};
    for (const Record* record : row.values) {
      std::string cell = record == nullptr ? "\u2014"
                         : row.ours        ? style.Value(*record)
                                           : SourceValueText(style, *record);
      if (record != nullptr && record->ci)
        cell.append(" ").append(style.Interval(*record));
      cells.push_back(std::move(cell));
    }
    text += TableLine(cells);
  }
  if (shown < table.rows.size())
    text += fmt::format("\n{} more in the source.\n",
                        Plural(table.rows.size() - shown, "row"));
  return text + "\n";
}

}  // namespace

std::string ReferencesMarkdown(std::span<const RunFolder> references,
                               std::span<const RunFolder> runs) {
  if (references.empty()) return "";
  const NumberStyle style(references);
  std::string text =
      fmt::format("## Published numbers\n\n{}\n\n", kReferencesLead);
  for (const ReferenceTable& table : MakeReferenceTables(references, runs))
    text += TableText(table, style);
  return text;
}

}  // namespace eyechart::reports
