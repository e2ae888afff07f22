// Line plots as inline SVG: the one place where a report's axes are drawn.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eyechart::reports {

/// One measured point with its intervals.
struct PlotPoint {
  double x = 0;
  double y = 0;
  std::optional<double> low;  // of y
  std::optional<double> high;
  std::optional<double> x_low = {};
  std::optional<double> x_high = {};
  std::string name = {};   // in its mark's title; empty: the series'
  std::string label = {};  // short text beside the mark, "3"; empty: none
};

/// One line of a plot. Colours and marks go by `style`, so that the same
/// encoder looks the same in every plot; 32 of them look different.
struct PlotSeries {
  std::string name;
  std::size_t style = 0;
  bool dashed = false;
  std::vector<PlotPoint> points;                 // marks with error bars
  std::vector<std::pair<double, double>> curve;  // the line; empty: through
                                                 // the points
  /// Point from which a line falls to the x axis, where a value is read off.
  std::optional<std::pair<double, double>> drop;
};

/// A horizontal line across the plot.
struct PlotRule {
  double y = 0;
  std::string label;
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_x = false;  // all x are above 0
  bool log_y = false;  // y_low and all y are above 0
  double y_low = 0;    // of the y axis
  double y_high = 1;
  bool percent_y = false;  // ticks as percent of 1
  std::vector<PlotRule> rules;
  std::vector<PlotSeries> series;
};

/// The plot as one <svg> with a title and a description that names every
/// series; colours are the page's classes, so that light, dark and print hold.
/// Each mark has a title with its name and values. A plot without a point says
/// so.
std::string PlotSvg(const Plot& plot);

/// The legend of several plots that share their styles, as an HTML list.
std::string PlotLegend(const std::vector<PlotSeries>& series);

/// The style sheet that PlotSvg and PlotLegend need.
std::string_view PlotStyle();

/// Ticks between low and high, low < high, at least three: 1, 2 and 5 times
/// powers of ten (for `log`, thinned to at most 6), or the coarsest steps of
/// those that are enough.
std::vector<double> PlotTicks(double low, double high, bool log);

}  // namespace eyechart::reports
