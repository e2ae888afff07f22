// One table a task: a row a cell, or a row a cell and metric where runs stand
// side by side.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

// Above this a page would grow without end; the record table has them all.
constexpr std::size_t kMaxTableRows = 500;

std::string MetricHead(const HtmlPage& page, const std::string& metric) {
  for (const MetricNote& note : page.metrics) {
    if (note.name != metric) continue;
    std::string head = EscapeHtml(metric);
    const std::string unit = UnitText(note.unit);
    if (!unit.empty())
      head += " <span class=\"unit\">" + EscapeHtml(unit) + "</span>";
    const std::string_view arrow = DirectionArrow(note.direction);
    if (!arrow.empty())
      head += fmt::format(
          " <span role=\"img\" aria-label=\"{0} is better\" "
          "title=\"{0} is better\">{1}</span>",
          EscapeHtml(note.direction), arrow);
    return head;
  }
  return EscapeHtml(metric);
}

std::string ValueCell(const HtmlPage& page,
                      const TaskTable::Row& row,
                      std::size_t run,
                      std::size_t metric) {
  const Record* record = row.values[run][metric];
  if (record == nullptr)
    return row.failed[run] ? "<td class=\"num status-error\">failed</td>"
                           : "<td class=\"num missing\">\u2014</td>";
  const std::string interval = page.style.Interval(*record);
  const bool known = record->value && record->status == RecordStatus::kOk;
  return fmt::format("<td class=\"num{}\">{}{}</td>",
                     record->status == RecordStatus::kError ? " status-error"
                     : known                                ? ""
                                                            : " missing",
                     page.style.Value(*record),
                     interval.empty() ? "" : "<small>" + interval + "</small>");
}

// The cell's parts, over `lines` lines; the first names the row.
std::string PartCells(const TaskTable::Row& row, std::size_t lines) {
  const std::string span =
      lines > 1 ? fmt::format(" rowspan=\"{}\"", lines) : "";
  std::string html;
  for (std::size_t i = 0; i < row.parts.size(); ++i) {
    html += i == 0 ? fmt::format("<th scope=\"row\"{}>", span)
                   : fmt::format("<td{}>", span);
    html += EscapeHtml(row.parts[i]) + (i == 0 ? "</th>" : "</td>");
  }
  return html;
}

void OneRun(HtmlPage& page, const TaskTable& table, const TaskTable::Row& row) {
  page.html += "<tr>" + PartCells(row, 1);
  for (std::size_t i = 0; i < table.metrics.size(); ++i)
    page.html += ValueCell(page, row, 0, i);
  page.html += "</tr>\n";
}

void SideBySide(HtmlPage& page,
                const TaskTable& table,
                const TaskTable::Row& row) {
  const std::vector<std::size_t> metrics = MetricsOf(row);
  bool first = true;
  for (const std::size_t i : metrics) {
    page.html += "<tr>";
    if (first) page.html += PartCells(row, metrics.size());
    first = false;
    page.html += fmt::format("<td>{}</td>", MetricHead(page, table.metrics[i]));
    for (std::size_t run = 0; run < page.runs.size(); ++run)
      page.html += ValueCell(page, row, run, i);
    page.html += "</tr>\n";
  }
}

void Task(HtmlPage& page, const TaskTable& table) {
  page.html += Element("h3", table.task) + "\n";
  std::string caption = "One row a cell";
  if (page.runs.size() > 1) caption += " and metric, one column a run";
  for (std::size_t i = 0; i < table.constant.size(); ++i)
    caption += (i == 0 ? ". All cells: " : ", ") + table.constant[i].first +
               " " + table.constant[i].second;
  page.html += "<div class=\"scroll\"><table>" + Element("caption", caption) +
               "<thead><tr>";
  for (const std::string& part : table.parts)
    page.html += "<th scope=\"col\">" + EscapeHtml(part) + "</th>";
  if (page.runs.size() > 1) {
    page.html += "<th scope=\"col\">metric</th>";
    for (const std::string& label : page.labels)
      page.html +=
          "<th scope=\"col\" class=\"num\">" + EscapeHtml(label) + "</th>";
  } else {
    for (const std::string& metric : table.metrics)
      page.html += "<th scope=\"col\" class=\"num\">" +
                   MetricHead(page, metric) + "</th>";
  }
  page.html += "</tr></thead>\n<tbody>\n";
  const std::size_t shown = std::min(table.rows.size(), kMaxTableRows);
  for (std::size_t i = 0; i < shown; ++i) {
    if (page.runs.size() > 1)
      SideBySide(page, table, table.rows[i]);
    else
      OneRun(page, table, table.rows[i]);
  }
  page.html += "</tbody></table></div>\n";
  if (shown < table.rows.size())
    page.html += fmt::format(
        "<p class=\"hint\">{} more: in the table of records "
        "below.</p>\n",
        Plural(table.rows.size() - shown, "cell"));
}

void Notes(HtmlPage& page) {
  const std::vector<CellNote> notes = NotesOf(page.runs);
  if (notes.empty()) return;
  page.html += "<h3>Notes</h3>\n<ul>\n";
  for (std::size_t i = 0; i < std::min(notes.size(), kMaxMessages); ++i) {
    const auto& cells = notes[i].cells;
    page.html += fmt::format(
        "<li>{} <span class=\"hint\">({}{})</span></li>\n",
        EscapeHtml(notes[i].message),
        EscapeHtml(page.RunPrefix(cells.front().first) + cells.front().second),
        cells.size() > 1
            ? fmt::format(" and {} more", Plural(cells.size() - 1, "cell"))
            : "");
  }
  page.html += "</ul>\n";
  if (notes.size() > kMaxMessages)
    page.html += fmt::format(
        "<p class=\"hint\">{} more: in the records\u2019 "
        "details.</p>\n",
        notes.size() - kMaxMessages);
}

}  // namespace

void WriteResults(HtmlPage& page) {
  page.Open("results", "Results");
  bool any = false;
  for (const TaskTable& table : page.tables) {
    if (table.metrics.empty()) continue;
    any = true;
    Task(page, table);
  }
  if (!any) page.html += "<p>No cell gave a result.</p>\n";
  Notes(page);
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
