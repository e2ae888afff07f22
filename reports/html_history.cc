// The history's section: a plot a trend, with its changes in words.
#include <fmt/format.h>

#include "core/text.h"
#include "reports/trend.h"

namespace eyechart::reports {
namespace {

// As many as a page still loads fast with; `history plot` draws the others.
constexpr std::size_t kMaxTrends = 60;

std::string TrendFigure(const Trend& trend) {
  std::string notes;
  for (const std::string& change : trend.changes)
    notes += (notes.empty() ? "" : "; ") + change;
  return fmt::format(
      "<li><figure><figcaption>{}<small>{}</small><small>{}</small>"
      "</figcaption>{}</figure></li>\n",
      EscapeHtml(trend.metric), EscapeHtml(trend.cell), EscapeHtml(notes),
      PlotSvg(PlotOf(trend)));
}

}  // namespace

std::string TrendSection(const std::vector<Trend>& trends) {
  if (trends.empty()) return "";
  std::string html =
      "<section id=\"history\" aria-labelledby=\"history-h\">\n"
      "<h2 id=\"history-h\">History</h2>\n"
      "<p class=\"lead\">Values run by run with their intervals, a line a "
      "machine. Where a series changed beyond chance, a vertical line stands "
      "before the first run after the change, and dashed lines are the means "
      "on both sides. Trends that changed come first.</p>\n";
  html += PlotLegend(LegendOf(trends)) + "<ul class=\"plots\">\n";
  std::size_t shown = 0;
  for (const Trend& trend : trends) {
    if (shown == kMaxTrends) break;
    ++shown;
    html += TrendFigure(trend);
  }
  html += "</ul>\n";
  if (trends.size() > shown)
    html += fmt::format(
        "<p class=\"hint\">{} more trends are not shown; <code>eyechart "
        "history plot CELL-GLOB -o trend.svg</code> draws them.</p>\n",
        trends.size() - shown);
  return html + "</section>\n";
}

}  // namespace eyechart::reports
