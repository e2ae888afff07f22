// Latency against resolution: a picture a way of timing, a line a model.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

// Between the least and the greatest, from where an axis is logarithmic.
constexpr double kWideSides = 8;
constexpr double kWideMedians = 20;

std::string LineNameOf(const HtmlPage& page, const ResolutionLine& line) {
  return (line.run ? page.RunPrefix(*line.run) : "") + ResolutionLineName(line);
}

// What is not valid is a mark beside the line, which goes through the rest.
void AddResolutionSeries(const HtmlPage& page,
                         const ResolutionLine& line,
                         Plot& plot) {
  PlotSeries valid, invalid;
  valid.name = LineNameOf(page, line);
  invalid.name = valid.name + ", not valid";
  for (const ResolutionPoint& point : line.points) {
    PlotPoint mark{point.side, point.median_ms, std::nullopt, std::nullopt};
    // A log axis has no place for an end at or below 0.
    if (point.ci && (!plot.log_y || point.ci->low > 0)) {
      mark.low = point.ci->low;
      mark.high = point.ci->high;
    }
    (point.invalid.empty() ? valid : invalid).points.push_back(mark);
  }
  for (PlotSeries* series : {&valid, &invalid}) {
    if (series->points.empty()) continue;
    series->style = plot.series.size();
    if (series == &invalid)  // no line through them
      series->curve = {{series->points.front().x, series->points.front().y}};
    plot.series.push_back(std::move(*series));
  }
}

void DrawResolution(HtmlPage& page, const ResolutionCurve& curve) {
  Plot plot;
  plot.title = "Latency against resolution: " + curve.timed;
  plot.x_label = "resolution, pixels a side";
  plot.y_label = "median latency, ms";
  const ResolutionPoint& first = curve.lines.front().points.front();
  double low = first.median_ms, high = low;
  double least = first.side, most = least;
  for (const ResolutionLine& line : curve.lines)
    for (const ResolutionPoint& point : line.points) {
      low = std::min(low, point.median_ms);
      high = std::max({high, point.median_ms, point.ci ? point.ci->high : 0});
      least = std::min(least, point.side);
      most = std::max(most, point.side);
    }
  plot.log_x = most > kWideSides * least;
  plot.log_y = low > 0 && high > kWideMedians * low;
  plot.y_low = plot.log_y ? low / 1.3 : 0;
  plot.y_high = plot.log_y ? 1.3 * high : 1.05 * high;
  if (plot.y_high <= plot.y_low) plot.y_high = plot.y_low + 1;
  for (const ResolutionLine& line : curve.lines)
    AddResolutionSeries(page, line, plot);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(plot.series);
}

void ResolutionTable(HtmlPage& page, const ResolutionCurve& curve) {
  page.html +=
      "<div class=\"scroll\"><table><caption>One row a resolution</caption>"
      "<thead><tr><th scope=\"col\">encoder</th>"
      "<th scope=\"col\" class=\"num\">resolution</th>"
      "<th scope=\"col\" class=\"num\">median, ms</th></tr></thead>\n"
      "<tbody>\n";
  for (const ResolutionLine& line : curve.lines)
    for (const ResolutionPoint& point : line.points) {
      std::string name =
          EscapeHtml(page.RunPrefix(point.run) + ResolutionLineName(line));
      if (!point.invalid.empty())
        name +=
            "<br><small>not valid: " + EscapeHtml(point.invalid) + "</small>";
      std::string ms = FormatNumber(point.median_ms);
      if (point.ci)
        ms +=
            fmt::format("<small>[{}, {}]</small>", FormatNumber(point.ci->low),
                        FormatNumber(point.ci->high));
      page.html += fmt::format(
          "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
          "<td class=\"num\">{}</td></tr>\n",
          name, EscapeHtml(point.resolution), ms);
    }
  page.html += "</tbody></table></div>\n";
}

}  // namespace

void WriteResolutionCurves(HtmlPage& page) {
  if (page.resolution_curves.empty()) return;
  page.Open("resolution", "Latency against resolution");
  page.html +=
      "<p class=\"lead\">The same model, timed in the same way at several "
      "sizes of its input: median latency with its interval (order "
      "statistics). A size of H x W stands at the root of its pixels. Where "
      "the same resolutions were scored, the pictures of accuracy against "
      "latency join them too. What is not valid stands beside its "
      "line.</p>\n";
  for (const ResolutionCurve& curve : page.resolution_curves) {
    DrawResolution(page, curve);
    ResolutionTable(page, curve);
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
