// Latencies of `bench` cells: a table, and a bar of the stages for each.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

constexpr double kBarWidth = 600;  // of the view box
constexpr double kBarHeight = 14;

// The same stage has the same colour in every bar.
std::vector<std::string> StageNames(const std::vector<LatencyRow>& rows) {
  std::vector<std::string> names;
  for (const LatencyRow& row : rows)
    for (const StageTime& stage : row.stages)
      if (std::find(names.begin(), names.end(), stage.name) == names.end())
        names.push_back(stage.name);
  return names;
}

std::size_t StyleOf(const std::vector<std::string>& names,
                    const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) -
                                  names.begin()) %
         8;
}

std::string Bar(const LatencyRow& row, const std::vector<std::string>& names) {
  if (row.stages.empty()) return "\u2014";
  std::string parts;
  double x = 0;
  const auto add = [&](const std::string& style, const StageTime& part,
                       const char* more) {
    const double width = kBarWidth * part.share;
    parts += fmt::format(
        "<g {}><rect x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" "
        "height=\"{}\"><title>{}: {} ms{}</title></rect></g>",
        style, x, width, kBarHeight, EscapeHtml(part.name),
        FormatNumber(part.median_ms), more);
    x += width;
  };
  for (const StageTime& stage : row.stages)
    add(fmt::format("class=\"s{}\"", StyleOf(names, stage.name)), stage, "");
  // No stage's colour: the page's own for lines.
  if (row.rest) add("style=\"--c:var(--line)\"", *row.rest, " in no stage");
  const std::string words = StageShares(row, /*binds=*/true);
  return fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "preserveAspectRatio=\"none\" style=\"height:1.1rem\" "
      "aria-label=\"{}\">{}</svg><small>{}</small>",
      kBarWidth, kBarHeight, EscapeHtml(words), parts, EscapeHtml(words));
}

std::string LatencyCell(const Record* record) {
  if (record == nullptr) return "<td class=\"num\"></td>";
  if (!record->value)
    return fmt::format("<td class=\"num\" title=\"{}\">\u2014</td>",
                       EscapeHtml(record->message));
  std::string text = FormatNumber(*record->value);
  if (record->ci)
    text +=
        fmt::format("<small>[{}, {}]</small>", FormatNumber(record->ci->low),
                    FormatNumber(record->ci->high));
  return "<td class=\"num\">" + text + "</td>";
}

}  // namespace

void WriteLatency(HtmlPage& page) {
  if (page.latencies.empty()) return;
  page.Open("latency", "Latency");
  page.html +=
      "<p>From a picture's compressed bytes to the answer, measured as "
      "MLPerf's LoadGen does. Intervals are order statistics; a percentile "
      "that the sample is too small for is a dash. A bar shows how the stages' "
      "medians share the time, with the median of what is in no stage as the "
      "rest; the longest stage binds. Stages that overlap are said to, by "
      "how much of their sum. What is not valid says why, "
      "and its numbers are no basis for a comparison.</p>\n"
      "<div class=\"scroll\"><table><caption>One row a benchmark</caption>"
      "<thead><tr><th scope=\"col\">encoder</th>"
      "<th scope=\"col\" class=\"num\">median ms</th>"
      "<th scope=\"col\" class=\"num\">p90 ms</th>"
      "<th scope=\"col\" class=\"num\">p95 ms</th>"
      "<th scope=\"col\" class=\"num\">p99 ms</th>"
      "<th scope=\"col\" class=\"num\">samples/s</th>";
  const bool memory = AnyMemory(page.latencies);
  if (memory) page.html += "<th scope=\"col\" class=\"num\">memory, MiB</th>";
  page.html += "<th scope=\"col\">stages</th></tr></thead>\n<tbody>\n";
  const std::vector<std::string> names = StageNames(page.latencies);
  std::string audits;
  for (const LatencyRow& row : page.latencies) {
    page.html += fmt::format("<tr><th scope=\"row\">{}<br><small>{}</small>",
                             EscapeHtml(page.RunPrefix(row.run) + row.encoder),
                             EscapeHtml(row.of));
    if (!row.invalid.empty())
      page.html +=
          "<br><small>not valid: " + EscapeHtml(row.invalid) + "</small>";
    page.html += "</th>" + LatencyCell(row.median) + LatencyCell(row.p90) +
                 LatencyCell(row.p95) + LatencyCell(row.p99) +
                 LatencyCell(row.throughput);
    if (memory)
      page.html +=
          "<td class=\"num\">" + EscapeHtml(MemoryText(row.memory)) + "</td>";
    page.html += "<td>" + Bar(row, names) + "</td></tr>\n";
    if (const std::string cache = CacheText(row); !cache.empty())
      audits += Element("li", page.RunPrefix(row.run) + row.encoder + ", " +
                                  row.of + ": " + cache) +
                "\n";
  }
  page.html += "</tbody></table></div>\n";
  if (!audits.empty())
    page.html +=
        "<p>The same pictures asked for again (the audit of caches; 1 is as "
        "long as the first time):</p>\n<ul>\n" +
        audits + "</ul>\n";
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
