#include "reports/line_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "reports/display.h"

namespace eyechart::reports {
namespace {

// In SVG units; the page scales the whole.
constexpr double kWidth = 360;
constexpr double kHeight = 250;
constexpr double kLeft = 46;
constexpr double kRight = 12;
constexpr double kTop = 24;
constexpr double kBottom = 44;
constexpr std::size_t kPlotColours = 8;
constexpr std::size_t kPlotMarks = 4;
constexpr std::size_t kMostTicks = 6;
constexpr std::size_t kLeastTicks = 3;
constexpr double kTextHeight = 12;
constexpr double kDigitWidth = 6;  // of kTextHeight, a little too wide

class Axes {
 public:
  explicit Axes(const Plot& plot) : plot_(plot) {
    for (const PlotSeries& one : plot.series) {
      for (const PlotPoint& point : one.points) {
        Widen(point.x_low.value_or(point.x));
        Widen(point.x_high.value_or(point.x));
        Widen(point.x);
      }
      for (const auto& [x, y] : one.curve) Widen(x);
    }
    if (low_ > high_) low_ = high_ = 1;
    if (low_ == high_) {
      const double margin = plot.log_x ? low_ / 2 : std::abs(low_) / 2 + 0.5;
      low_ -= margin;
      high_ += margin;
    }
  }

  double X(double x) const {
    const double share = plot_.log_x
                             ? std::log(x / low_) / std::log(high_ / low_)
                             : (x - low_) / (high_ - low_);
    return kLeft + 6 + share * (kWidth - kLeft - kRight - 12);
  }
  double Y(double y) const {
    const double inside = std::clamp(y, plot_.y_low, plot_.y_high);
    const double share =
        plot_.log_y ? std::log(inside / plot_.y_low) /
                          std::log(plot_.y_high / plot_.y_low)
                    : (inside - plot_.y_low) / (plot_.y_high - plot_.y_low);
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  void Widen(double x) {
    low_ = std::min(low_, x);
    high_ = std::max(high_, x);
  }
  const Plot& plot_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

std::string Line(
    double x1, double y1, double x2, double y2, std::string_view kind) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" "
      "y2=\"{:.1f}\"/>",
      kind, x1, y1, x2, y2);
}

std::string Text(double x,
                 double y,
                 std::string_view kind,
                 const std::string& text) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                     kind, x, y, EscapeHtml(text));
}

// A mark of its own for each style: colour alone does not tell series apart.
// Where colours begin anew, marks are one further on, so that no pair of both
// comes again before the 33rd style. `title` is text; empty: none.
std::string Mark(double x,
                 double y,
                 std::size_t style,
                 const std::string& title = "") {
  const auto whole = [&title](std::string_view element,
                              const std::string& attributes) {
    return title.empty() ? fmt::format("<{} {}/>", element, attributes)
                         : fmt::format("<{0} {1}><title>{2}</title></{0}>",
                                       element, attributes, EscapeHtml(title));
  };
  switch ((style + style / kPlotColours) % kPlotMarks) {
    case 0:
      return whole("circle",
                   fmt::format("cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"", x, y));
    case 1:
      return whole("rect", fmt::format("x=\"{:.1f}\" y=\"{:.1f}\" "
                                       "width=\"5.4\" height=\"5.4\"",
                                       x - 2.7, y - 2.7));
    case 2:
      return whole("path", fmt::format("d=\"M{:.1f} {:.1f}l3.6 6.4h-7.2z\"", x,
                                       y - 3.9));
    default:
      return whole(
          "path",
          fmt::format("d=\"M{:.1f} {:.1f}l3.6 3.6l-3.6 3.6l-3.6 -3.6z\"", x,
                      y - 3.6));
  }
}

// "clip: 0.5 [0.4, 0.6] at 12 [11, 13]", in the axes' units.
std::string MarkTitle(const Plot& plot,
                      const PlotSeries& series,
                      const PlotPoint& point) {
  const auto y = [&](double value) {
    return plot.percent_y ? FormatPercent(value) : FormatNumber(value);
  };
  std::string text = point.name.empty() ? series.name : point.name;
  text += (text.empty() ? "" : ": ") + y(point.y);
  if (point.low && point.high)
    text += fmt::format(" [{}, {}]", y(*point.low), y(*point.high));
  text += " at " + FormatNumber(point.x);
  if (point.x_low && point.x_high)
    text += fmt::format(" [{}, {}]", FormatNumber(*point.x_low),
                        FormatNumber(*point.x_high));
  return text;
}

std::string StyleClass(const PlotSeries& series) {
  return fmt::format("s{}{}", series.style % kPlotColours,
                     series.dashed ? " dash" : "");
}

std::string SeriesSvg(const Plot& plot,
                      const Axes& axes,
                      const PlotSeries& series) {
  std::string svg = fmt::format("<g class=\"{}\">", StyleClass(series));
  std::vector<std::pair<double, double>> line = series.curve;
  if (line.empty())
    for (const PlotPoint& point : series.points)
      line.emplace_back(point.x, point.y);
  std::sort(line.begin(), line.end());
  svg += "<polyline points=\"";
  for (const auto& [x, y] : line)
    svg += fmt::format("{:.1f},{:.1f} ", axes.X(x), axes.Y(y));
  svg += "\"/>";
  if (series.drop)
    svg += Line(axes.X(series.drop->first), axes.Y(series.drop->second),
                axes.X(series.drop->first), kHeight - kBottom, "drop");
  for (const PlotPoint& point : series.points) {
    if (point.low && point.high)
      svg += Line(axes.X(point.x), axes.Y(*point.low), axes.X(point.x),
                  axes.Y(*point.high), "bar");
    if (point.x_low && point.x_high)
      svg += Line(axes.X(*point.x_low), axes.Y(point.y), axes.X(*point.x_high),
                  axes.Y(point.y), "bar");
    svg += Mark(axes.X(point.x), axes.Y(point.y), series.style,
                MarkTitle(plot, series, point));
  }
  return svg + "</g>";
}

// In SVG units; y grows downwards.
struct LabelBox {
  double left, right, top, bottom;
  bool Meets(const LabelBox& other) const {
    return left < other.right && other.left < right && top < other.bottom &&
           other.top < bottom;
  }
};

// Where text of that width may stand by a mark at (x, y), the best first.
std::array<LabelBox, 4> LabelCorners(double x, double y, double width) {
  const double right = x + 5, left = x - 5 - width;
  const double above = y - 3, below = y + kTextHeight;
  const auto box = [width](double from, double base) {
    return LabelBox{from, from + width, base - kTextHeight + 3, base};
  };
  return {box(right, above), box(left, above), box(right, below),
          box(left, below)};
}

// A label stands at the first corner of its mark that is inside the plot and
// free of marks and labels; where none is, at the first.
std::string MarkLabels(const Axes& axes, const std::vector<PlotSeries>& all) {
  std::vector<LabelBox> taken;
  for (const PlotSeries& series : all)
    for (const PlotPoint& point : series.points) {
      const double x = axes.X(point.x), y = axes.Y(point.y);
      taken.push_back({x - 3.6, x + 3.6, y - 3.6, y + 3.6});
    }
  const auto is_free = [&taken](const LabelBox& box) {
    return box.left >= kLeft && box.right <= kWidth && box.top >= kTop - 8 &&
           box.bottom <= kHeight - kBottom &&
           std::none_of(
               taken.begin(), taken.end(),
               [&box](const LabelBox& other) { return other.Meets(box); });
  };
  std::string svg;
  for (const PlotSeries& series : all)
    for (const PlotPoint& point : series.points) {
      if (point.label.empty()) continue;
      const double width =
          kDigitWidth * static_cast<double>(point.label.size());
      const auto corners =
          LabelCorners(axes.X(point.x), axes.Y(point.y), width);
      auto place = std::find_if(corners.begin(), corners.end(), is_free);
      if (place == corners.end()) place = corners.begin();
      taken.push_back(*place);
      svg += Text(place->left, place->bottom, "marklabel", point.label);
    }
  return svg;
}

// Names of rules stand above them, and below where another name is near: behind
// the marks nobody could read them, so that they are drawn last.
std::string RuleLabels(const Axes& axes, const std::vector<PlotRule>& rules) {
  std::string svg;
  std::vector<double> taken;
  for (const PlotRule& rule : rules) {
    if (rule.label.empty()) continue;
    double y = axes.Y(rule.y) - 4;
    const bool near = std::any_of(taken.begin(), taken.end(), [&](double at) {
      return std::abs(at - y) < kTextHeight;
    });
    if (near) y += kTextHeight + 3;
    taken.push_back(y);
    svg += Text(kLeft + 4, y, "rulelabel", rule.label);
  }
  return svg;
}

std::string Describe(const Plot& plot) {
  std::string text = plot.y_label + " against " + plot.x_label + ". ";
  for (const PlotSeries& series : plot.series) {
    if (series.points.empty()) continue;
    text += fmt::format("{}: from {:.3g} at {:.3g} to {:.3g} at {:.3g}. ",
                        series.name, series.points.front().y,
                        series.points.front().x, series.points.back().y,
                        series.points.back().x);
  }
  return text;
}

}  // namespace

std::vector<double> PlotTicks(double low, double high, bool log) {
  std::vector<double> ticks;
  if (log) {
    for (int power = static_cast<int>(std::floor(std::log10(low)));
         power <= static_cast<int>(std::ceil(std::log10(high))); ++power) {
      for (const int digit : {1, 2, 5}) {
        const double tick = digit * std::pow(10, power);
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push_back(tick);
      }
    }
    while (ticks.size() > kMostTicks) {
      std::vector<double> thinned;
      for (std::size_t i = 0; i < ticks.size(); i += 2)
        thinned.push_back(ticks[i]);
      ticks = std::move(thinned);
    }
    // A short stretch of a logarithmic axis is nearly linear.
    if (ticks.size() >= kLeastTicks) return ticks;
  }
  // The coarsest steps that leave enough of them; a hundredth always does.
  const int top = static_cast<int>(std::ceil(std::log10(high - low)));
  for (int power = top; power >= top - 2; --power) {
    for (const int digit : {5, 2, 1}) {
      const double step = digit * std::pow(10, power);
      const double first = std::ceil(low / step - 1e-9);
      ticks.clear();
      // Counted: where the ends hardly differ, a sum would not grow.
      for (int i = 0; i < 10; ++i)
        if ((first + i) * step <= high + step * 1e-9)
          ticks.push_back((first + i) * step + 0.0);  // no negative zero
      if (ticks.size() >= kLeastTicks) return ticks;
    }
  }
  return ticks;
}

std::string PlotSvg(const Plot& plot) {
  const Axes axes(plot);
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\"><title>{}"
      "</title><desc>{}</desc>",
      kWidth, kHeight, EscapeHtml(plot.title), EscapeHtml(Describe(plot)));
  const double bottom = kHeight - kBottom;
  for (const double tick : PlotTicks(plot.y_low, plot.y_high, plot.log_y)) {
    svg += Line(kLeft, axes.Y(tick), kWidth - kRight, axes.Y(tick), "grid");
    svg += Text(kLeft - 6, axes.Y(tick) + 3.5, "end",
                plot.percent_y ? fmt::format("{:g}%", tick * 100)
                               : fmt::format("{:g}", tick));
  }
  for (const double tick : PlotTicks(axes.low(), axes.high(), plot.log_x)) {
    svg += Line(axes.X(tick), bottom, axes.X(tick), bottom + 4, "axis");
    svg += Text(axes.X(tick), bottom + 16, "mid", fmt::format("{:g}", tick));
  }
  svg += Line(kLeft, bottom, kWidth - kRight, bottom, "axis");
  svg += Text((kLeft + kWidth - kRight) / 2, kHeight - 8, "mid", plot.x_label);
  svg += Text(2, 10, "start", plot.y_label);
  for (const PlotRule& rule : plot.rules) {
    svg += Line(kLeft, axes.Y(rule.y), kWidth - kRight, axes.Y(rule.y), "rule");
  }
  bool any = false;
  for (const PlotSeries& series : plot.series) {
    any = any || !series.points.empty();
    svg += SeriesSvg(plot, axes, series);
  }
  svg += MarkLabels(axes, plot.series);
  svg += RuleLabels(axes, plot.rules);
  if (!any)
    svg += Text((kLeft + kWidth) / 2, kHeight / 2, "mid", "no measured point");
  return svg + "</svg>";
}

std::string PlotLegend(const std::vector<PlotSeries>& series) {
  std::string html = "<ul class=\"legend\">";
  for (const PlotSeries& one : series)
    html += fmt::format(
        "<li><svg viewBox=\"0 0 30 12\" aria-hidden=\"true\"><g "
        "class=\"{}\"><polyline points=\"0,6 30,6\"/>{}</g></svg> {}</li>",
        StyleClass(one), Mark(15, 6, one.style), EscapeHtml(one.name));
  return html + "</ul>\n";
}

std::string_view PlotStyle() {
  return R"css(
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));
gap:1rem;margin:.6rem 0 1rem;padding:0;list-style:none}
.plots figure{margin:0}.plots figcaption{font-weight:600}
.plots figcaption small{font-weight:400;color:var(--soft);display:block}
.plot{width:100%;height:auto;display:block}
.plot text{fill:var(--soft);font-size:10.5px;font-family:inherit}
.plot .mid{text-anchor:middle}.plot .end{text-anchor:end}
.plot .rulelabel,.plot .marklabel{paint-order:stroke;stroke:var(--card);stroke-width:3}
.plot .grid{stroke:var(--line);stroke-width:1}
.plot .axis{stroke:var(--soft);stroke-width:1}
.plot .rule{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.plot polyline,.legend polyline{fill:none;stroke:var(--c);stroke-width:2}
.dash polyline{stroke-dasharray:6 4}
.plot .bar{stroke:var(--c);stroke-width:1.2;opacity:.65}
.plot .drop{stroke:var(--c);stroke-width:1.2;stroke-dasharray:2 2}
.plot circle,.plot rect,.plot path,.legend circle,.legend rect,.legend path{
fill:var(--c);stroke:var(--card);stroke-width:.8}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;list-style:none;
padding:0;margin:.5rem 0;font-size:.92rem}
.legend svg{width:30px;height:12px;vertical-align:middle}
.s0{--c:#2457c5}.s1{--c:#b3541e}.s2{--c:#1b7f4b}.s3{--c:#8a3fa8}
.s4{--c:#8a6d00}.s5{--c:#b3261e}.s6{--c:#00747c}.s7{--c:#5a6578}
@media screen and (prefers-color-scheme:dark){.s0{--c:#8fb4ff}.s1{--c:#f0a16b}
.s2{--c:#5cc98f}.s3{--c:#d09bea}.s4{--c:#d9bd4a}.s5{--c:#ff8a80}
.s6{--c:#5fd0d8}.s7{--c:#9aa6b8}}
)css";
}

}  // namespace eyechart::reports
