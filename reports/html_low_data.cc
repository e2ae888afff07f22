// Low-data curves: average precision against training pictures, a line a head
// on an encoder.
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
  plot.title = "AP against training pictures: " + LowDataTitle(curve);
  plot.x_label = "pictures trained on";
  plot.y_label = "AP";
  plot.log_x = true;
  plot.percent_y = true;
  double most = 0.05;  // noise of heads that see nothing stays at the bottom
  for (const LowDataLine& line : curve.lines) {
    PlotSeries series;
    series.name = LowDataNameOf(page, line);
    series.style = plot.series.size();
    for (const LowDataPoint& point : line.points) {
      PlotPoint mark{static_cast<double>(point.images), point.ap, std::nullopt,
                     std::nullopt};
      most = std::max(most, point.ap);
      if (point.ci) {
        mark.low = point.ci->low;
        mark.high = point.ci->high;
        most = std::max(most, point.ci->high);
      }
      series.points.push_back(mark);
    }
    plot.series.push_back(std::move(series));
  }
  plot.y_high = std::min(1.0, 1.1 * most);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(plot.series);
}

void LowDataTable(HtmlPage& page, const LowDataCurve& curve) {
  page.html +=
      "<div class=\"scroll\"><table><caption>One row a number of pictures"
      "</caption><thead><tr><th scope=\"col\">encoder and head</th>"
      "<th scope=\"col\" class=\"num\">pictures</th>"
      "<th scope=\"col\" class=\"num\">AP</th>"
      "<th scope=\"col\">interval over</th></tr></thead>\n<tbody>\n";
  for (const LowDataLine& line : curve.lines)
    for (const LowDataPoint& point : line.points) {
      std::string ap = fmt::format("{:.1f}", 100 * point.ap);
      if (point.ci)
        ap += fmt::format("<small>[{:.1f}, {:.1f}]</small>",
                          100 * point.ci->low, 100 * point.ci->high);
      page.html += fmt::format(
          "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
          "<td class=\"num\">{}</td><td>{}</td></tr>\n",
          EscapeHtml(LowDataNameOf(page, line)), point.images, ap,
          LowDataOver(point));
    }
  page.html += "</tbody></table></div>\n";
}

}  // namespace

void WriteLowData(HtmlPage& page) {
  if (page.low_data.empty()) return;
  page.Open("low-data", "AP against training pictures");
  page.html +=
      "<p class=\"lead\">The same head and recipe on ever more of the "
      "pictures, "
      "which are nested: those of a smaller number are among those of a larger "
      "one. Where several seeds were run a mark is their mean and its interval "
      "Student\u2019s t over them, else the interval is over test pictures "
      "(95%). AP in per cent as COCO defines it; the axis of pictures is "
      "logarithmic.</p>\n";
  for (const LowDataCurve& curve : page.low_data) {
    DrawLowData(page, curve);
    LowDataTable(page, curve);
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
