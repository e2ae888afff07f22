// Rooflines with the encoders under them, and throughput against batch with
// the knee marked.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "reports/html_parts.h"
#include "reports/roofline.h"
#include "reports/validity.h"

namespace eyechart::reports {
namespace {

// "not valid: ..." under a picture's name; empty where its times are.
std::string InvalidCaption(const std::vector<std::string>& reasons) {
  const std::string text = InvalidityText(reasons);
  return text.empty() ? text : Element("small", text);
}

// From where a roof is drawn to where: a decade around ridges and marks.
std::pair<double, double> Intensities(const RooflineChart& chart) {
  double low = chart.roofs.front().gflops / chart.gbps;
  double high = low;
  for (const RooflineRoof& roof : chart.roofs) {
    low = std::min(low, roof.gflops / chart.gbps);
    high = std::max(high, roof.gflops / chart.gbps);
  }
  for (const RooflineMark& mark : chart.marks) {
    if (!mark.intensity) continue;
    low = std::min(low, *mark.intensity);
    high = std::max(high, *mark.intensity);
  }
  return {low / 10, high * 10};
}

Plot PlotOf(const RooflineChart& chart) {
  Plot plot;
  plot.title = "Roofline";
  if (!chart.invalid.empty()) plot.title += ", not valid";
  plot.x_label = "operations a byte";
  plot.y_label = "GFLOP/s";
  plot.log_x = true;
  plot.log_y = true;
  const auto [low, high] = Intensities(chart);
  plot.y_low = low * chart.gbps;
  plot.y_high = plot.y_low;
  for (const RooflineRoof& roof : chart.roofs) {
    PlotSeries line;
    line.name = fmt::format("roof, {}", roof.dtype);
    line.style = plot.series.size();
    line.dashed = true;
    const double ridge = roof.gflops / chart.gbps;
    line.curve = {
        {low, low * chart.gbps}, {ridge, roof.gflops}, {high, roof.gflops}};
    plot.series.push_back(std::move(line));
    plot.y_high = std::max(plot.y_high, roof.gflops);
  }
  for (const RooflineMark& mark : chart.marks) {
    PlotSeries point;
    point.name = RooflineMarkName(mark);
    point.style = plot.series.size();
    // Without bytes it stands at the right end, where compute binds.
    point.points.push_back({mark.intensity.value_or(high), mark.gflops,
                            std::nullopt, std::nullopt});
    plot.y_low = std::min(plot.y_low, mark.gflops);
    plot.y_high = std::max(plot.y_high, mark.gflops);
    plot.series.push_back(std::move(point));
  }
  plot.y_low /= 1.5;
  plot.y_high *= 1.5;
  return plot;
}

void RooflineTable(HtmlPage& page, const RooflineChart& chart) {
  page.html +=
      "<div class=\"scroll\"><table><caption>One row an encoder, precision and "
      "batch</caption><thead><tr>"
      "<th scope=\"col\">encoder</th>";
  for (const char* name :
       {"GFLOP/s", "of what is attainable", "operations a byte"})
    page.html += fmt::format("<th scope=\"col\" class=\"num\">{}</th>", name);
  page.html += "<th scope=\"col\">bound by</th></tr></thead>\n<tbody>\n";
  for (const RooflineMark& mark : chart.marks)
    page.html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
        "<td class=\"num\">{}<small>of {} GFLOP/s</small></td>"
        "<td class=\"num\">{}</td><td>{}</td></tr>\n",
        EscapeHtml(RooflineMarkName(mark)), FormatNumber(mark.gflops),
        FormatPercent(mark.share), FormatNumber(mark.attainable),
        mark.intensity ? FormatNumber(*mark.intensity) : "\u2014",
        EscapeHtml(mark.bound));
  page.html += "</tbody></table></div>\n";
}

void DrawRoofline(HtmlPage& page, const RooflineChart& chart) {
  const std::string name = page.RunPrefix(chart.run) + RooflineName(chart);
  page.html += Element("h3", "Roofline of " + name) + "\n<p>";
  std::string roofs = fmt::format("Copying {} GB/s", FormatNumber(chart.gbps));
  for (const RooflineRoof& roof : chart.roofs)
    roofs += fmt::format(
        "; products in {} {} GFLOP/s ({}), the ridge at {} operations a byte",
        roof.dtype, FormatNumber(roof.gflops), roof.kernel,
        FormatNumber(roof.gflops / chart.gbps));
  page.html += EscapeHtml(roofs) + ".</p>\n";
  const Plot plot = PlotOf(chart);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(name) + InvalidCaption(chart.invalid) +
               "</figcaption>" + PlotSvg(plot) + "</figure></li></ul>\n" +
               PlotLegend(plot.series);
  RooflineTable(page, chart);
}

void RooflineCurves(HtmlPage& page) {
  page.html += Element("h3", "Throughput against batch") + "\n";
  page.html += "<ul class=\"plots\">\n";
  for (const BatchCurveChart& curve : page.batch_curves) {
    Plot plot;
    plot.title = page.RunPrefix(curve.run) + BatchCurveName(curve);
    if (!curve.invalid.empty()) plot.title += ", not valid";
    plot.x_label = "batch";
    plot.y_label = curve.unit;
    plot.log_x = true;
    plot.rules = {{curve.share * curve.best,
                   fmt::format("{} of the best", FormatPercent(curve.share))}};
    PlotSeries line;
    line.name = BatchCurveName(curve);
    double knee = 0, high = curve.best;
    for (const BatchCurveChart::Point& point : curve.points) {
      line.points.push_back(
          {point.batch, point.throughput, point.low, point.high});
      high = std::max(high, point.high.value_or(point.throughput));
      if (point.batch == curve.knee) knee = point.throughput;
    }
    line.drop = {curve.knee, knee};
    plot.y_high = 1.05 * high;
    plot.series.push_back(std::move(line));
    page.html += fmt::format(
        "<li><figure><figcaption>{}<small>{}; knee at {}; best {} {} at batch "
        "{:g}</small>{}</figcaption>{}</figure></li>\n",
        EscapeHtml(plot.title), EscapeHtml(curve.unit),
        EscapeHtml(KneeText(curve)), FormatNumber(curve.best),
        EscapeHtml(curve.unit), curve.best_batch, InvalidCaption(curve.invalid),
        PlotSvg(plot));
  }
  page.html += "</ul>\n";
}

}  // namespace

void WriteRoofline(HtmlPage& page) {
  if (page.rooflines.empty() && page.batch_curves.empty()) return;
  page.Open("roofline", "What the machine could do");
  if (!page.rooflines.empty())
    page.html +=
        "<p class=\"lead\">The roofs were measured in the run itself: the "
        "flat one is the best matrix product on packed weights, the slanted "
        "one a copy of memory. A mark below the slanted roof waits for "
        "memory, one below the flat roof for arithmetic; the distance up to "
        "the roof is what is left to win. Bytes are inputs, weights and "
        "outputs once, so that a mark cannot be further to the right.</p>\n";
  for (const RooflineChart& chart : page.rooflines) DrawRoofline(page, chart);
  if (!page.batch_curves.empty()) RooflineCurves(page);
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
