// The eye chart's section: a plot a chart with the curves of all encoders, and
// the thresholds in a table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

constexpr int kCurveSteps = 48;

std::string CurveNameOf(const HtmlPage& page, const AcuityCurve& curve) {
  return page.RunPrefix(curve.run) + curve.encoder;
}

template <typename Get>
std::vector<std::string> Distinct(const std::vector<AcuityCurve>& curves,
                                  const Get& get) {
  std::vector<std::string> names;
  for (const AcuityCurve& curve : curves)
    if (std::find(names.begin(), names.end(), get(curve)) == names.end())
      names.push_back(get(curve));
  return names;
}

PlotSeries SeriesOf(const AcuityCurve& curve,
                    const std::string& name,
                    std::size_t style) {
  PlotSeries series;
  series.name = name;
  series.style = style;
  double low = curve.points.front().strength;
  double high = low;
  for (const AcuityCurve::Point& point : curve.points) {
    series.points.push_back(
        {point.strength, point.share, point.low, point.high});
    low = std::min(low, point.strength);
    high = std::max(high, point.strength);
  }
  for (int i = 0; i <= kCurveSteps; ++i) {
    const double x = low * std::pow(high / low, double{1} * i / kCurveSteps);
    series.curve.emplace_back(x, curve.function.At(x));
  }
  if (curve.threshold) series.drop = {*curve.threshold, curve.target};
  return series;
}

// Charts of one read-out as a grid of plots.
void Plots(HtmlPage& page,
           const std::string& read_out,
           const std::vector<std::string>& names) {
  const std::vector<std::string> charts = Distinct(
      page.acuities, [](const AcuityCurve& curve) { return curve.chart; });
  page.html += "<ul class=\"plots\">\n";
  for (const std::string& chart : charts) {
    Plot plot;
    plot.title = chart + ", " + read_out + " read-out";
    plot.y_label = "right answers";
    plot.log_x = true;
    plot.percent_y = true;
    std::string thresholds;
    for (const AcuityCurve& curve : page.acuities) {
      if (curve.chart != chart || curve.read_out != read_out) continue;
      const std::string name = CurveNameOf(page, curve);
      const auto style = static_cast<std::size_t>(
          std::find(names.begin(), names.end(), name) - names.begin());
      plot.x_label = curve.unit;
      plot.rules = {{curve.target, fmt::format("{:g}%", curve.target * 100)},
                    {curve.function.guess, ""}};
      plot.series.push_back(SeriesOf(curve, name, style));
      thresholds +=
          (thresholds.empty() ? "" : "; ") + name + " " + ThresholdText(curve);
    }
    if (plot.series.empty()) continue;
    page.html += fmt::format(
        "<li><figure><figcaption>{}<small>{}</small></figcaption>{}"
        "</figure></li>\n",
        EscapeHtml(chart), EscapeHtml(thresholds), PlotSvg(plot));
  }
  page.html += "</ul>\n";
}

}  // namespace

void WriteAcuity(HtmlPage& page) {
  if (page.acuities.empty()) return;
  page.Open("eye-chart", "Eye chart");
  page.html +=
      "<p class=\"lead\">What is shown gets harder from right to left; each "
      "mark is the share of right answers of a read-out trained on the frozen "
      "encoder\u2019s features of other pictures, with its 95% interval. Where "
      "the fitted curve crosses the dashed line stands the threshold: smaller "
      "is sharper. The lower line is guessing. \u201cAbove\u201d and "
      "\u201cbelow\u201d mean that the curve does not cross inside what was "
      "shown.</p>\n";
  const std::vector<std::string> names = Distinct(
      page.acuities,
      [&](const AcuityCurve& curve) { return CurveNameOf(page, curve); });
  std::vector<PlotSeries> legend;
  for (std::size_t i = 0; i < names.size(); ++i)
    legend.push_back({names[i], i, false, {}, {}, {}});
  for (const std::string& read_out :
       Distinct(page.acuities,
                [](const AcuityCurve& curve) { return curve.read_out; })) {
    page.html += Element("h3", read_out + " read-out") + "\n";
    page.html += PlotLegend(legend);
    Plots(page, read_out, names);
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
