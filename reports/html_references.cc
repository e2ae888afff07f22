// The reference tables' section of the HTML page.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/comparison.h"
#include "reports/display.h"
#include "reports/html_parts.h"
#include "reports/references.h"

namespace eyechart::reports {
namespace {

std::string ReferenceHeadHtml(const ReferenceColumn& column) {
  std::string head = EscapeHtml(column.metric);
  const std::string unit = UnitText(column.unit);
  if (!unit.empty())
    head += " <span class=\"unit\">" + EscapeHtml(unit) + "</span>";
  const std::string_view arrow = DirectionArrow(column.direction);
  if (!arrow.empty())
    head += fmt::format(
        " <span role=\"img\" aria-label=\"{0} is better\" "
        "title=\"{0} is better\">{1}</span>",
        EscapeHtml(column.direction), arrow);
  if (!column.of.empty())
    head += "<br><span class=\"unit\">" + EscapeHtml(column.of) + "</span>";
  return head;
}

std::string ReferenceValueHtml(const NumberStyle& style,
                               const Record* record,
                               bool ours) {
  if (record == nullptr) return "<td class=\"num missing\">\u2014</td>";
  const std::string interval = style.Interval(*record);
  return fmt::format(
      "<td class=\"num\">{}{}</td>",
      ours ? style.Value(*record) : SourceValueText(style, *record),
      interval.empty() ? "" : "<small>" + interval + "</small>");
}

std::string TableHtml(const ReferenceTable& table, const NumberStyle& style) {
  std::string html =
      Element("h3", table.title.empty() ? table.name : table.title) +
      "\n<div class=\"scroll\"><table>";
  html += Element("caption", "Source: " + table.source + "." +
                                 (table.note.empty() ? "" : " " + table.note));
  html +=
      "<thead><tr><th scope=\"col\">encoder</th><th scope=\"col\">setting</th>"
      "<th scope=\"col\">from</th>";
  for (const ReferenceColumn& column : table.columns)
    html += "<th scope=\"col\" class=\"num\">" + ReferenceHeadHtml(column) +
            "</th>";
  html += "</tr></thead>\n<tbody>\n";
  const std::size_t shown = std::min(table.rows.size(), kMaxReferenceRows);
  for (std::size_t i = 0; i < shown; ++i) {
    const ReferenceRow& row = table.rows[i];
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>",
                        EscapeHtml(row.encoder), EscapeHtml(row.setting),
                        row.ours ? "measured here" : "source");
    for (const Record* record : row.values)
      html += ReferenceValueHtml(style, record, row.ours);
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n";
  if (shown < table.rows.size())
    html += fmt::format("<p class=\"hint\">{} more in the source.</p>\n",
                        Plural(table.rows.size() - shown, "row"));
  return html;
}

}  // namespace

std::string ReferencesHtml(std::span<const RunFolder> references,
                           std::span<const RunFolder> runs) {
  if (references.empty()) return "";
  const NumberStyle style(references);
  std::string html =
      "<section id=\"references\" aria-labelledby=\"references-h\">\n"
      "<h2 id=\"references-h\">Published numbers</h2>\n<p class=\"lead\">" +
      EscapeHtml(std::string(kReferencesLead)) + "</p>\n";
  for (const ReferenceTable& table : MakeReferenceTables(references, runs))
    html += TableHtml(table, style);
  return html + "</section>\n";
}

}  // namespace eyechart::reports
