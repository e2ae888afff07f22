#include "mining/cosine_picture.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/separators.h"
#include "core/text.h"
#include "mining/count_scale.h"

namespace eyechart::mining {
namespace {

// In SVG units; the page scales the whole.
constexpr double kWidth = 640;
constexpr double kHeight = 480;
constexpr double kLeft = 62;
constexpr double kRight = 20;
constexpr double kTop = 30;
constexpr double kBottom = 104;

constexpr std::string_view kCosineStyle = R"css(
.cosines{display:block;width:100%;max-width:44rem;height:auto;
color:var(--ink,currentColor);font:12px system-ui,sans-serif}
.cosines text{fill:currentColor}
.cosines .soft{fill:var(--soft,currentColor)}
.cosines .halo{paint-order:stroke;stroke:var(--card,Canvas);stroke-width:4px;
stroke-linejoin:round}
.cosines .cells{fill:var(--near,currentColor)}
.cosines .axis{stroke:currentColor;stroke-width:1;fill:none}
.cosines .rule{stroke:currentColor;stroke-width:1;stroke-dasharray:4 3}
.cosines .faint{stroke:var(--soft,currentColor);stroke-dasharray:1 3}
.cosines .corner{fill:none;stroke:var(--far,currentColor);stroke-width:2.5}
.cosines .far{fill:var(--far,currentColor);font-weight:600}
.cosines .mid{text-anchor:middle}.cosines .end{text-anchor:end}
)css";

// Values of one axis and where they lie.
struct Axis {
  double low = -1;
  double high = 1;
  double from = 0;  // SVG units of `low` and `high`
  double to = 1;
  double At(double value) const {
    return from +
           (std::clamp(value, low, high) - low) / (high - low) * (to - from);
  }
};

// Over the bins from the first to the last that `holds` something, and over
// `threshold` with a margin, within the cosines there are.
template <typename Holds>
Axis Cover(const std::vector<double>& edges, double threshold, Holds holds) {
  double low = threshold;
  double high = threshold;
  bool any = false;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    if (!holds(i)) continue;
    any = true;
    low = std::min(low, edges[i]);
    high = std::max(high, edges[i + 1]);
  }
  Axis axis;
  if (!any) return axis;
  axis.low = std::max(-1.0, std::min(low, threshold - 0.05));
  axis.high = std::min(1.0, std::max(high, threshold + 0.05));
  return axis;
}

std::vector<double> Ticks(const Axis& axis) {
  double step = 1;
  for (const double candidate : {0.5, 0.2, 0.1, 0.05, 0.02, 0.01})
    if ((axis.high - axis.low) / candidate <= 10) step = candidate;
  std::vector<double> ticks;
  for (double i = std::ceil(axis.low / step - 1e-9);
       i * step <= axis.high + 1e-9; ++i)
    ticks.push_back(i * step + 0.0);  // no negative zero
  return ticks;
}

std::string Minus(std::string number) {
  return number.starts_with('-') ? fmt::format("−{}", number.substr(1))
                                 : number;
}

std::string Line(
    double x1, double y1, double x2, double y2, std::string_view kind) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" "
      "y2=\"{:.1f}\"/>\n",
      kind, x1, y1, x2, y2);
}

std::string Text(double x,
                 double y,
                 std::string_view kind,
                 const std::string& text) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                     kind, x, y, EscapeHtml(text));
}

// One path a level; cells of a level that touch sideways are one rectangle, so
// that a large histogram stays a small picture.
std::string Cells(const CosineHistogram& histogram,
                  const CountScale& scale,
                  const Axis& across,
                  const Axis& up) {
  const std::size_t near_bins = histogram.near_edges.size() - 1;
  const std::size_t far_bins = histogram.far_edges.size() - 1;
  std::vector<std::string> paths(static_cast<std::size_t>(scale.levels()));
  for (std::size_t f = 0; f < far_bins; ++f) {
    const double bottom = up.At(histogram.far_edges[f]);
    const double top = up.At(histogram.far_edges[f + 1]);
    for (std::size_t n = 0; n < near_bins;) {
      const auto level_at = [&](std::size_t i) {
        return scale.LevelOf(histogram.counts[i * far_bins + f]);
      };
      const int level = level_at(n);
      const std::size_t first = n;
      while (n < near_bins && level_at(n) == level) ++n;
      if (level < 0) continue;
      const double left = across.At(histogram.near_edges[first]);
      const double right = across.At(histogram.near_edges[n]);
      paths[static_cast<std::size_t>(level)] +=
          fmt::format("M{:.1f} {:.1f}H{:.1f}V{:.1f}H{:.1f}z", left, top, right,
                      bottom, left);
    }
  }
  std::string svg = "<g class=\"cells\" shape-rendering=\"crispEdges\">\n";
  for (int level = 0; level < scale.levels(); ++level)
    if (const std::string& path = paths[static_cast<std::size_t>(level)];
        !path.empty())
      svg += fmt::format("<path fill-opacity=\"{:.2f}\" d=\"{}\"/>\n",
                         scale.Opacity(level), path);
  return svg + "</g>\n";
}

std::string Legend(const CountScale& scale) {
  const double y = kHeight - 34;
  const double room = kWidth - kLeft - kRight - 110;
  const double width = std::min(64.0, room / scale.levels());
  std::string svg = Text(kLeft, y + 10, "soft", "pairs a cell, from");
  for (int level = 0; level < scale.levels(); ++level) {
    const double x = kLeft + 110 + level * width;
    svg += fmt::format(
        "<rect class=\"cells\" fill-opacity=\"{:.2f}\" x=\"{:.1f}\" "
        "y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\"/>\n",
        scale.Opacity(level), x, y, width - 1);
    svg += Text(x + (width - 1) / 2, y + 26, "mid soft", scale.Name(level));
  }
  return svg;
}

std::string DescribeHistogram(const CosineHistogram& histogram,
                              const CosinePictureText& text) {
  std::string words = fmt::format(
      "{} pairs by cosine of {} (across) and of {} (up); {} have a near cosine "
      "above {}, of which {} have a far cosine below {}: the blind corner, "
      "bottom right",
      WithSeparators(text.pairs), text.near_model, text.far_model,
      WithSeparators(text.near_pairs), FormatDouble(text.near_min),
      WithSeparators(text.blind_pairs), FormatDouble(text.far_max));
  if (histogram.sampled > 0)
    words += fmt::format(
        ". Exact from a near cosine of {} on, estimated below from {} sampled "
        "pairs",
        FormatDouble(histogram.exact_from), WithSeparators(histogram.sampled));
  return words;
}

std::string Frame(const CosinePictureText& text,
                  const Axis& across,
                  const Axis& up) {
  std::string svg =
      fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\"/>\n",
                  kLeft, kTop, up.from, kWidth - kRight);
  for (const double tick : Ticks(across)) {
    const double x = across.At(tick);
    svg += Line(x, up.from, x, up.from + 4, "axis");
    svg += Text(x, up.from + 17, "mid", Minus(fmt::format("{:.3g}", tick)));
  }
  for (const double tick : Ticks(up)) {
    const double y = up.At(tick);
    svg += Line(kLeft - 4, y, kLeft, y, "axis");
    svg += Text(kLeft - 8, y + 4, "end", Minus(fmt::format("{:.3g}", tick)));
  }
  const double middle = (kTop + up.from) / 2;
  svg += Text((kLeft + kWidth - kRight) / 2, up.from + 38, "mid",
              "near cosine: " + text.near_model);
  return svg + fmt::format(
                   "<text class=\"mid\" transform=\"translate(16 {:.1f}"
                   ") rotate(-90)\">{}</text>\n",
                   middle, EscapeHtml("far cosine: " + text.far_model));
}

std::string Thresholds(const CosineHistogram& histogram,
                       const CosinePictureText& text,
                       const Axis& across,
                       const Axis& up) {
  const double x = across.At(text.near_min);
  const double y = up.At(text.far_max);
  std::string svg = Line(x, kTop, x, up.from, "rule");
  svg += Line(kLeft, y, kWidth - kRight, y, "rule");
  svg += Text(x, kTop - 8, x > kWidth - 90 ? "end" : "mid",
              "near > " + Minus(FormatDouble(text.near_min)));
  svg += Text(kLeft + 6, y + 15, "halo",
              "far < " + Minus(FormatDouble(text.far_max)));
  if (histogram.sampled > 0 && histogram.exact_from > across.low &&
      histogram.exact_from < across.high) {
    const double exact = across.At(histogram.exact_from);
    svg += Line(exact, kTop, exact, up.from, "faint");
    svg += Text(exact - 5, kTop + 10, "end soft halo", "sampled");
    // The label of the threshold is near by: no second one right of the line
    // where there is no room for it.
    if (kWidth - kRight - exact > 60)
      svg += Text(exact + 5, kTop + 10, "soft halo", "exact");
  }
  svg += fmt::format(
      "<rect class=\"corner\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\"/>\n",
      x, y, std::max(3.0, kWidth - kRight - x), std::max(3.0, up.from - y));
  // Where there is more room, left or right of the corner's edge.
  const std::string label =
      fmt::format("{} blind {}", WithSeparators(text.blind_pairs),
                  text.blind_pairs == 1 ? "pair" : "pairs");
  const bool left = x - kLeft > kWidth - kRight - x;
  return svg + Text(left ? x - 8 : x + 8, up.from - 10,
                    left ? "end far halo" : "far halo", label);
}

}  // namespace

std::string CosineSvg(const CosineHistogram& histogram,
                      const CosinePictureText& text) {
  const bool has_bins =
      histogram.near_edges.size() > 1 && histogram.far_edges.size() > 1;
  const std::size_t far_bins = has_bins ? histogram.far_edges.size() - 1 : 0;
  EYECHART_CHECK(
      histogram.counts.size() ==
          far_bins * (has_bins ? histogram.near_edges.size() - 1 : 0),
      "{} counts for {} x {} edges", histogram.counts.size(),
      histogram.near_edges.size(), histogram.far_edges.size());
  const auto holds = [&](std::size_t begin, std::size_t end, std::size_t step) {
    for (std::size_t i = begin; i < end; i += step)
      if (histogram.counts[i] > 0) return true;
    return false;
  };
  Axis across = Cover(histogram.near_edges, text.near_min, [&](std::size_t n) {
    return has_bins && holds(n * far_bins, (n + 1) * far_bins, 1);
  });
  across.from = kLeft;
  across.to = kWidth - kRight;
  Axis up = Cover(histogram.far_edges, text.far_max, [&](std::size_t f) {
    return has_bins && holds(f, histogram.counts.size(), far_bins);
  });
  up.from = kHeight - kBottom;
  up.to = kTop;
  const CountScale scale(histogram.counts);

  std::string svg = fmt::format(
      "<svg class=\"cosines\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{}\">\n<style>{}</style>\n",
      kWidth, kHeight, EscapeHtml(DescribeHistogram(histogram, text)),
      kCosineStyle);
  if (scale.levels() > 0) svg += Cells(histogram, scale, across, up);
  svg += Frame(text, across, up);
  svg += Thresholds(histogram, text, across, up);
  if (scale.levels() > 0)
    svg += Legend(scale);
  else
    svg += Text((kLeft + kWidth - kRight) / 2, (kTop + up.from) / 2,
                "mid soft halo", "no pair has been counted");
  return svg + "</svg>\n";
}

}  // namespace eyechart::mining
