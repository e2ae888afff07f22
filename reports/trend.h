// Trends: one metric of one cell over many runs, as reports draw it. The
// history (reports/history) fills them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reports/line_plot.h"

namespace eyechart::reports {

/// The values measured on one machine.
struct TrendLine {
  std::string machine;
  std::size_t style = 0;          // the same for a machine in every trend
  std::vector<PlotPoint> points;  // x: the run's number, from 1
  /// x of the first value after each change, and the mean from there on; the
  /// first is of the first value. Fewer than two: no change.
  std::vector<std::pair<double, double>> means;
};

struct Trend {
  std::string cell;
  std::string metric;
  std::string unit;
  std::string first;  // dates of the first and the last run, as 2026-11-27
  std::string last;
  std::vector<TrendLine> lines;
  std::vector<std::string> changes;  // in words, newest first
};

/// Points with their intervals, a line a machine; where the series changes, a
/// vertical line, and its means as dashed lines.
Plot PlotOf(const Trend& trend);

/// The machines of all trends, each once, for PlotLegend.
std::vector<PlotSeries> LegendOf(const std::vector<Trend>& trends);

/// The section of the HTML report; nothing where there is no trend.
std::string TrendSection(const std::vector<Trend>& trends);

}  // namespace eyechart::reports
