// The page's first sections: what was run, and what failed.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

std::string UnreadableText(const RunSummaryCounts& counts) {
  return counts.unreadable < 0 ? "not counted"
                               : FormatNumber(counts.unreadable);
}

void Cards(HtmlPage& page, const RunSummaryCounts& counts) {
  const auto card = [&](std::string_view name, const std::string& value,
                        bool bad) {
    page.html += fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>",
                             bad ? " class=\"bad\"" : "", name, value);
  };
  page.html += "<dl class=\"cards\">";
  card("cells ok", std::to_string(counts.ok), false);
  card("cells failed", std::to_string(counts.failed), counts.failed > 0);
  if (counts.skipped > 0)
    card("cells skipped", std::to_string(counts.skipped), false);
  card("unreadable pictures", UnreadableText(counts), counts.unreadable > 0);
  card("measuring took", FormatSeconds(counts.seconds), false);
  page.html += "</dl>\n";
  if (!counts.first_started.empty())
    page.html += fmt::format(
        "<p class=\"hint\">First cell started {}, last cell "
        "started {}.</p>\n",
        EscapeHtml(counts.first_started), EscapeHtml(counts.last_started));
}

void RunTable(HtmlPage& page) {
  page.html +=
      "<div class=\"scroll\"><table><caption>The runs</caption><thead><tr>"
      "<th scope=\"col\">run</th><th scope=\"col\" class=\"num\">ok</th>"
      "<th scope=\"col\" class=\"num\">failed</th>"
      "<th scope=\"col\" class=\"num\">skipped</th>"
      "<th scope=\"col\" class=\"num\">unreadable pictures</th>"
      "<th scope=\"col\">started</th>"
      "<th scope=\"col\" class=\"num\">measuring took</th></tr></thead>"
      "<tbody>";
  for (std::size_t run = 0; run < page.runs.size(); ++run) {
    const RunSummaryCounts& counts = page.counts[run];
    page.html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
        "<td class=\"num{}\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td>{}</td>"
        "<td class=\"num\" data-key=\"{}\">{}</td></tr>",
        EscapeHtml(page.labels[run]), counts.ok,
        counts.failed > 0 ? " status-error" : "", counts.failed, counts.skipped,
        UnreadableText(counts), EscapeHtml(counts.first_started),
        counts.seconds, FormatSeconds(counts.seconds));
  }
  page.html += "</tbody></table></div>\n";
}

}  // namespace

void WriteSummary(HtmlPage& page) {
  page.Open("summary", "Summary");
  const std::size_t failed = page.Total(&RunSummaryCounts::failed);
  const std::size_t cells = page.Total(&RunSummaryCounts::cells);
  std::string verdict =
      failed == 0
          ? fmt::format("No cell failed ({} measured).", Plural(cells, "cell"))
          : fmt::format("{} of {} failed.", failed, Plural(cells, "cell"));
  if (!page.missing.empty())
    verdict += fmt::format(" {} missing that another run has.",
                           Plural(page.missing.size(), "cell"));
  page.html +=
      fmt::format("<p class=\"verdict{}\">{}</p>\n",
                  failed > 0 || !page.missing.empty() ? " bad" : "", verdict);
  if (page.runs.size() == 1)
    Cards(page, page.counts[0]);
  else
    RunTable(page);
  page.html += "</section>\n";
}

void WriteFailures(HtmlPage& page) {
  const auto failed = FailedRecords(page.runs);
  if (failed.empty() && page.missing.empty()) return;
  page.Open("failed", "Failed cells");
  std::size_t left = kMaxMessages;
  for (const auto& [run, record] : failed) {
    if (left == 0) break;
    --left;
    page.html += fmt::format(
        "<div class=\"failed\"><p><b>{}{}</b></p><p>{}</p></div>\n",
        EscapeHtml(page.RunPrefix(run) + record->cell),
        record->metric.empty() ? ""
                               : fmt::format(" {}", EscapeHtml(record->metric)),
        EscapeHtml(record->message));
  }
  for (const auto& [run, cell] : page.missing) {
    if (left == 0) break;
    --left;
    page.html += fmt::format(
        "<div class=\"failed\"><p><b>{}</b></p><p>This run has no record of "
        "the cell.</p></div>\n",
        EscapeHtml(page.RunPrefix(run) + cell));
  }
  const std::size_t all = failed.size() + page.missing.size();
  if (all > kMaxMessages)
    page.html += fmt::format(
        "<p class=\"hint\">{} more: in the table of records "
        "below, status error.</p>\n",
        all - kMaxMessages);
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
