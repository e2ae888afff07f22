#include "reports/trend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "reports/display.h"

namespace eyechart::reports {
namespace {

// A line through the means, which steps half way before each change. Plots sort
// a line's points by x: the two ends of a step are a little apart.
PlotSeries MeansOf(const TrendLine& line) {
  constexpr double kApart = 1e-6;
  PlotSeries series;
  series.style = line.style;
  series.dashed = true;
  for (std::size_t i = 0; i < line.means.size(); ++i) {
    const auto& [x, mean] = line.means[i];
    const bool is_last = i + 1 == line.means.size();
    series.curve.emplace_back(i == 0 ? x : x - 0.5, mean);
    series.curve.emplace_back(
        is_last ? line.points.back().x : line.means[i + 1].first - 0.5 - kApart,
        mean);
  }
  return series;
}

void Range(const Trend& trend, Plot& plot) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const TrendLine& line : trend.lines)
    for (const PlotPoint& point : line.points) {
      low = std::min({low, point.y, point.low.value_or(point.y)});
      high = std::max({high, point.y, point.high.value_or(point.y)});
    }
  if (low > high) return;  // the plot's own range
  const bool share = trend.unit == "1" && low >= 0 && high <= 1;
  double margin = (high - low) * 0.08;
  if (!(margin > 0)) margin = high != 0 ? std::abs(high) * 0.05 : 0.5;
  plot.percent_y = share;
  plot.y_low = share ? std::max(0.0, low - margin) : low - margin;
  plot.y_high = share ? std::min(1.0, high + margin) : high + margin;
}

}  // namespace

Plot PlotOf(const Trend& trend) {
  Plot plot;
  plot.title = trend.cell + " " + trend.metric;
  plot.x_label = trend.first == trend.last
                     ? fmt::format("run, {}", trend.first)
                     : fmt::format("run, {} to {}", trend.first, trend.last);
  const std::string unit = UnitText(trend.unit);
  plot.y_label = trend.metric + (unit.empty() ? "" : ", " + unit);
  Range(trend, plot);
  for (const TrendLine& line : trend.lines) {
    PlotSeries series;
    series.name = line.machine;
    series.style = line.style;
    series.points = line.points;
    plot.series.push_back(std::move(series));
    if (line.means.size() < 2) continue;
    plot.series.push_back(MeansOf(line));
    for (std::size_t i = 1; i < line.means.size(); ++i) {
      PlotSeries change;
      change.style = line.style;
      change.drop = {line.means[i].first - 0.5, plot.y_high};
      plot.series.push_back(std::move(change));
    }
  }
  return plot;
}

std::vector<PlotSeries> LegendOf(const std::vector<Trend>& trends) {
  std::vector<PlotSeries> legend;
  std::set<std::size_t> styles;
  for (const Trend& trend : trends)
    for (const TrendLine& line : trend.lines)
      if (styles.insert(line.style).second)
        legend.push_back({line.machine, line.style, false, {}, {}, {}});
  std::ranges::sort(legend, {}, &PlotSeries::style);
  return legend;
}

}  // namespace eyechart::reports
