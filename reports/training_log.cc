#include "reports/training_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

using LogLine = std::vector<std::pair<double, double>>;

// From where a loss that fell so far is drawn on a logarithmic axis: else its
// first steps are all that can be seen.
constexpr double kSteepLoss = 10;

PlotSeries SeriesOfLog(const HtmlPage& page,
                       const DetectionRow& row,
                       std::size_t style,
                       const LogLine& line) {
  PlotSeries series;
  series.name = page.RunPrefix(row.run) + DetectionName(row);
  series.style = style;
  for (const auto& [step, value] : line)
    series.points.push_back({step, value, std::nullopt, std::nullopt});
  return series;
}

Plot LookPlot(const HtmlPage& page, const DetectionTable& table) {
  Plot plot;
  plot.title = fmt::format("Training on {}, {} head ({})", table.dataset,
                           table.head, table.protocol);
  plot.x_label = "steps";
  plot.y_label = "AP on the validation pictures";
  plot.percent_y = true;
  double most = 0.05;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const DetectionRow& row = table.rows[i];
    if (row.curve.empty()) continue;
    plot.series.push_back(SeriesOfLog(page, row, i, row.curve));
    for (const auto& look : row.curve) {
      most = std::max(most, look.second);
      if (row.best_step && *row.best_step == look.first)
        plot.series.back().drop = look;
    }
  }
  plot.y_high = std::min(1.0, 1.1 * most);
  return plot;
}

Plot LossPlot(const HtmlPage& page, const DetectionTable& table) {
  Plot plot;
  plot.title = "The loss meanwhile, on the training pictures";
  plot.x_label = "steps";
  plot.y_label = "loss";
  bool any = false;
  double least = 0, most = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const DetectionRow& row = table.rows[i];
    if (row.losses.empty()) continue;
    plot.series.push_back(SeriesOfLog(page, row, i, row.losses));
    for (const auto& [step, loss] : row.losses) {
      least = any ? std::min(least, loss) : loss;
      most = any ? std::max(most, loss) : loss;
      any = true;
    }
  }
  plot.log_y = least > 0 && most > kSteepLoss * least;
  plot.y_low = plot.log_y ? 0.9 * least : std::min(0.0, least);
  plot.y_high = most > plot.y_low ? 1.05 * most : plot.y_low + 1;
  return plot;
}

}  // namespace

std::string TrainingLogHtml(const HtmlPage& page, const DetectionTable& table) {
  const Plot looks = LookPlot(page, table);
  const Plot losses = LossPlot(page, table);
  std::string html;
  for (const Plot* plot : {&looks, &losses}) {
    if (plot->series.empty()) continue;
    const bool drops =
        std::any_of(plot->series.begin(), plot->series.end(),
                    [](const PlotSeries& one) { return one.drop.has_value(); });
    html += "<li><figure><figcaption>" + EscapeHtml(plot->title) +
            (drops ? "<small>a dotted line falls from the look whose head was "
                     "kept</small>"
                   : "") +
            "</figcaption>" + PlotSvg(*plot) + "</figure></li>";
  }
  if (html.empty()) return "";
  // Of both pictures: a row may be in one alone.
  std::vector<PlotSeries> legend = looks.series;
  for (const PlotSeries& one : losses.series)
    if (std::none_of(
            looks.series.begin(), looks.series.end(),
            [&](const PlotSeries& other) { return other.style == one.style; }))
      legend.push_back(one);
  return "<ul class=\"plots\">" + html + "</ul>\n" + PlotLegend(legend);
}

}  // namespace eyechart::reports
