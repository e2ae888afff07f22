// Low-data curves: average precision against training pictures or boxes a
// class, a line a head on an encoder.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

std::string LowDataNameOf(const HtmlPage& page, const LowDataLine& line) {
  return page.RunPrefix(line.run) + LowDataName(line);
}

void DrawLowData(HtmlPage& page, const LowDataCurve& curve) {
  Plot plot;
  plot.title = LowDataHeading(curve.axis) + ": " + LowDataTitle(curve);
  plot.x_label = LowDataUnit(curve.axis) + " trained on";
  plot.y_label = "AP";
  plot.log_x = true;
  plot.percent_y = true;
  double most = 0.05;  // noise of heads that see nothing stays at the bottom
  for (const LowDataLine& line : curve.lines) {
    PlotSeries series;
    series.name = LowDataNameOf(page, line);
    series.style = plot.series.size();
    for (const LowDataPoint& point : line.points) {
      PlotPoint mark{static_cast<double>(point.amount), point.ap, std::nullopt,
                     std::nullopt};
      most = std::max(most, point.ap);
      if (point.ci) {
        mark.low = point.ci->low;
        mark.high = point.ci->high;
        most = std::max(most, point.ci->high);
      }
      series.points.push_back(mark);
    }
    if (line.all) {
      plot.rules.push_back({line.all->ap, series.name + ", all boxes"});
      most = std::max(most, line.all->ap);
    }
    plot.series.push_back(std::move(series));
  }
  plot.y_high = std::min(1.0, 1.1 * most);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(plot.series);
}

std::string LowDataRow(const std::string& name,
                       const LowDataPoint& point,
                       const std::string& amount) {
  std::string ap = fmt::format("{:.1f}", 100 * point.ap);
  if (point.ci)
    ap += fmt::format("<small>[{:.1f}, {:.1f}]</small>", 100 * point.ci->low,
                      100 * point.ci->high);
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
      "<td class=\"num\">{}</td><td>{}</td></tr>\n",
      EscapeHtml(name), amount, ap, LowDataOver(point));
}

void LowDataTable(HtmlPage& page, const LowDataCurve& curve) {
  page.html += fmt::format(
      "<div class=\"scroll\"><table><caption>One row a number of {0}"
      "</caption><thead><tr><th scope=\"col\">encoder and head</th>"
      "<th scope=\"col\" class=\"num\">{0}</th>"
      "<th scope=\"col\" class=\"num\">AP</th>"
      "<th scope=\"col\">interval over</th></tr></thead>\n<tbody>\n",
      LowDataUnit(curve.axis));
  std::string left_out;
  for (const LowDataLine& line : curve.lines) {
    const std::string name = LowDataNameOf(page, line);
    for (const LowDataPoint& point : line.points)
      page.html += LowDataRow(name, point, std::to_string(point.amount));
    if (line.all) page.html += LowDataRow(name, *line.all, "all");
    for (const std::string& one : line.left_out) left_out += Element("li", one);
  }
  page.html += "</tbody></table></div>\n";
  if (!left_out.empty())
    page.html += "<ul class=\"hint\">" + left_out + "</ul>\n";
}

}  // namespace

void WriteLowData(HtmlPage& page) {
  if (page.low_data.empty()) return;
  page.Open("low-data", "AP against training data");
  page.html +=
      "<p class=\"lead\">The same head and recipe on ever more of the "
      "pictures, or of the boxes of each class (shots), which are nested: "
      "those of a smaller number are among those of a larger one. Where "
      "several seeds were run a mark is their mean and its interval "
      "Student\u2019s t over them, else the interval is over test pictures "
      "(95%). AP in per cent as COCO defines it; the axis below is "
      "logarithmic. A training on all boxes, which are no one number a class, "
      "is "
      "a level line.</p>\n";
  for (const LowDataCurve& curve : page.low_data) {
    DrawLowData(page, curve);
    LowDataTable(page, curve);
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
