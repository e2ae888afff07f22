// The patterns' section: what each encoder makes of each pattern, and where two
// differ on the same pairs.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/blindness.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

std::string ColumnNameOf(const HtmlPage& page, const PatternColumn& column) {
  return page.RunPrefix(column.run) + column.encoder;
}

std::string PatternValueHtml(const HtmlPage& page, const Record* record) {
  if (record == nullptr) return "<td class=\"num missing\">\u2014</td>";
  const std::string interval = page.style.Interval(*record);
  return fmt::format("<td class=\"num\">{}{}</td>", page.style.Value(*record),
                     interval.empty() ? "" : "<small>" + interval + "</small>");
}

void Scores(HtmlPage& page, const PatternTable& table) {
  page.html += "<div class=\"scroll\"><table>" +
               Element("caption", table.dataset +
                                      ": pairs of which both are right, or "
                                      "that were mined, with 95% intervals") +
               "<thead><tr><th scope=\"col\">pattern</th>";
  for (const PatternColumn& column : table.columns)
    page.html += fmt::format(
        "<th scope=\"col\" class=\"num\">{}<br><span class=\"unit\">{}</span>"
        "</th>",
        EscapeHtml(ColumnNameOf(page, column)), EscapeHtml(column.how));
  page.html += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < table.patterns.size(); ++i) {
    page.html +=
        "<tr><th scope=\"row\">" + EscapeHtml(table.patterns[i]) + "</th>";
    for (const PatternColumn& column : table.columns)
      page.html += PatternValueHtml(page, column.values[i]);
    page.html += "</tr>\n";
  }
  page.html += "</tbody></table></div>\n";
}

std::string Points(double share) { return fmt::format("{:+.1f}", 100 * share); }

void PatternSentences(HtmlPage& page, const PatternTable& table) {
  const auto sentences = BlindnessSentences(table, page.runs, page.labels);
  if (sentences.empty()) return;
  page.html += "<ul>";
  for (const std::string& sentence : sentences)
    page.html += Element("li", sentence);
  page.html += "</ul>\n";
}

std::string_view ChanceText(ChanceVerdict verdict) {
  switch (verdict) {
    case ChanceVerdict::kBelow:
      return "below chance";
    case ChanceVerdict::kNear:
      return "near chance";
    case ChanceVerdict::kAbove:
      return "above chance";
  }
  return "";
}

std::string PatternAnswersHtml(const PatternAnswers& row) {
  std::string html =
      fmt::format("<td class=\"num\">{:.1f}%<small>[{:.1f}, {:.1f}]</small>",
                  100 * row.right, 100 * row.ci.low, 100 * row.ci.high);
  html +=
      row.difference
          ? fmt::format("<small>{} [{}, {}]</small>", Points(*row.difference),
                        Points(row.difference_ci.low),
                        Points(row.difference_ci.high))
          : fmt::format("<small>{}</small>", ChanceText(VerdictOf(row)));
  return html + "</td>";
}

// Answers one by one, the words' column first.
void PatternAnswersTable(HtmlPage& page, const PatternTable& table) {
  if (table.answers.empty()) return;
  std::vector<std::size_t> columns;
  for (const PatternAnswers& row : table.answers)
    if (columns.empty() || columns.back() != row.column)
      columns.push_back(row.column);
  page.html +=
      "<div class=\"scroll\"><table>" +
      Element("caption",
              "Answers one by one, of which chance gets 50%: share right and "
              "95% interval, then points more than the words on the same "
              "pairs. Pairs are drawn anew as a whole (bootstrap); patterns "
              "are not corrected for their number") +
      "<thead><tr><th scope=\"col\">pattern</th>";
  for (const std::size_t column : columns)
    page.html += fmt::format(
        "<th scope=\"col\" class=\"num\">{}<br><span class=\"unit\">{}</span>"
        "</th>",
        EscapeHtml(ColumnNameOf(page, table.columns[column])),
        EscapeHtml(table.columns[column].how));
  page.html += "</tr></thead>\n<tbody>\n";
  for (const std::string& pattern : table.patterns) {
    std::string cells;
    bool any = false;
    for (const std::size_t column : columns) {
      const auto row =
          std::find_if(table.answers.begin(), table.answers.end(),
                       [&](const PatternAnswers& one) {
                         return one.column == column && one.pattern == pattern;
                       });
      any = any || row != table.answers.end();
      cells += row == table.answers.end()
                   ? "<td class=\"num missing\">\u2014</td>"
                   : PatternAnswersHtml(*row);
    }
    if (any)
      page.html += "<tr><th scope=\"row\">" + EscapeHtml(pattern) + "</th>" +
                   cells + "</tr>\n";
  }
  page.html += "</tbody></table></div>\n";
}

void Differences(HtmlPage& page, const PatternTable& table) {
  if (table.comparisons.empty()) return;
  page.html +=
      "<details><summary>The same by pairs, both answers right, with "
      "McNemar\u2019s test</summary>\n<div class=\"scroll\"><table>" +
      Element("caption",
              "The same pairs asked of two: points of difference with "
              "their 95% interval (Newcombe 1998, paired), pairs that "
              "one alone has right, and McNemar\u2019s exact test") +
      "<thead><tr><th scope=\"col\">pattern</th>"
      "<th scope=\"col\">first</th><th scope=\"col\">second</th>"
      "<th scope=\"col\" class=\"num\">second less first</th>"
      "<th scope=\"col\" class=\"num\">only first</th>"
      "<th scope=\"col\" class=\"num\">only second</th>"
      "<th scope=\"col\" class=\"num\">p</th></tr></thead>\n<tbody>\n";
  for (const PatternComparison& row : table.comparisons) {
    const auto name = [&](std::size_t i) {
      const PatternColumn& column = table.columns[i];
      return EscapeHtml(ColumnNameOf(page, column) + ", " + column.how);
    };
    page.html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>"
        "<td class=\"num\">{}<small>[{}, {}]</small></td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{:.2g}</td></tr>\n",
        EscapeHtml(row.pattern), name(row.first), name(row.second),
        Points(row.difference), Points(row.ci.low), Points(row.ci.high),
        row.only_first, row.only_second, row.p);
  }
  page.html += "</tbody></table></div></details>\n";
}

}  // namespace

void WritePatterns(HtmlPage& page) {
  if (page.patterns.empty()) return;
  page.Open("patterns", "Patterns");
  page.html +=
      "<p class=\"lead\">The two pictures of a pair differ in one property "
      "alone. \u201cRead-out\u201d is what a linear read-out of the frozen "
      "features, trained on other pairs, tells apart; words are scored as the "
      "benchmark says. \u201cMined\u201d is the share of the pairs that one "
      "encoder takes for the same and the other does not. Guessing gets one "
      "pair in four, and who takes both pictures for the same none, with half "
      "of the answers right: so answers are compared one by one.</p>\n";
  for (const PatternTable& table : page.patterns) {
    PatternSentences(page, table);
    Scores(page, table);
    PatternAnswersTable(page, table);
    Differences(page, table);
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
