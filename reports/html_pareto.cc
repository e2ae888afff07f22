// Accuracy against latency: a picture a score, the front marked, and a table
// beside it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

constexpr double kWideRange = 8;  // of latencies, from where the axis is a log

std::string PointNameOf(const HtmlPage& page, const ParetoPoint& point) {
  std::string name = page.RunPrefix(point.run) + point.encoder;
  if (!point.setting.empty()) name += " (" + point.setting + ")";
  if (!point.invalid.empty()) name += ", not valid";
  return name;
}

PlotSeries Front(const ParetoPicture& picture, std::size_t style) {
  PlotSeries front;
  front.name = "the front: no other is as fast and better";
  front.style = style;
  front.dashed = true;
  for (const ParetoPoint& point : picture.points)
    if (point.front) front.curve.emplace_back(point.latency_ms, point.score);
  return front;
}

// What a line through resolutions is called: "vit (dtype=bf16), resolution 224,
// 448".
std::string JoinedPointsName(const HtmlPage& page,
                             const ParetoPicture& picture,
                             const std::vector<std::size_t>& line) {
  const ParetoPoint& first = picture.points[line.front()];
  std::string name = page.RunPrefix(first.run) + first.encoder;
  if (!first.besides.empty()) name += " (" + first.besides + ")";
  name += ", resolution";
  for (std::size_t i = 0; i < line.size(); ++i)
    name += (i == 0 ? " " : ", ") + picture.points[line[i]].resolution;
  return name;
}

// A series a point, and one for those that a line through resolutions joins.
// The labels of its marks stand in front of a series' name.
void AddParetoMarks(const HtmlPage& page,
                    const ParetoPicture& picture,
                    const std::vector<PlotPoint>& marks,
                    Plot& plot) {
  const std::vector<std::vector<std::size_t>> lines = ResolutionLines(picture);
  const auto add = [&](const std::string& name,
                       const std::vector<std::size_t>& places) {
    PlotSeries& series = plot.series.emplace_back();
    series.style = plot.series.size() - 1;
    for (const std::size_t place : places) {
      series.name += (series.name.empty() ? "" : ", ") + marks[place].label;
      series.points.push_back(marks[place]);
    }
    series.name += ": " + name;
    // No line but that of ResolutionSegments(): a plot's own goes by latency.
    series.curve = {{marks[places.front()].x, marks[places.front()].y}};
  };
  std::vector<bool> drawn(marks.size(), false);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (drawn[i]) continue;
    const auto line =
        std::find_if(lines.begin(), lines.end(), [&](const auto& one) {
          return std::find(one.begin(), one.end(), i) != one.end();
        });
    if (line == lines.end()) {
      add(PointNameOf(page, picture.points[i]), {i});
      continue;
    }
    add(JoinedPointsName(page, picture, *line), *line);
    for (const std::size_t place : *line) drawn[place] = true;
  }
}

// The lines through `drawn`, each from mark to mark: the larger resolution may
// be the faster one, and a plot's own line would go by latency.
std::vector<PlotSeries> ResolutionSegments(
    const std::vector<PlotSeries>& drawn) {
  std::vector<PlotSeries> segments;
  for (const PlotSeries& series : drawn)
    for (std::size_t i = 1; i < series.points.size(); ++i) {
      const PlotPoint& from = series.points[i - 1];
      const PlotPoint& to = series.points[i];
      PlotSeries& segment = segments.emplace_back();
      segment.style = series.style;
      segment.curve = {{from.x, from.y}, {to.x, to.y}};
    }
  return segments;
}

void DrawPareto(HtmlPage& page, const ParetoPicture& picture) {
  Plot plot;
  plot.title = picture.metric + " of " + picture.scored;
  plot.x_label = "latency, ms";
  plot.y_label = picture.metric;
  plot.percent_y = page.style.shares().contains(picture.metric);
  plot.log_x = picture.points.front().latency_ms > 0 &&
               picture.points.back().latency_ms >
                   kWideRange * picture.points.front().latency_ms;
  double low = picture.points.front().score;
  double high = low;
  std::vector<PlotPoint> marks;
  for (const ParetoPoint& point : picture.points) {
    PlotPoint mark{point.latency_ms, point.score, std::nullopt, std::nullopt};
    mark.name = PointNameOf(page, point);
    mark.label = std::to_string(marks.size() + 1);  // as in the table
    low = std::min(low, point.score);
    high = std::max(high, point.score);
    if (point.score_ci) {
      mark.low = point.score_ci->low;
      mark.high = point.score_ci->high;
      low = std::min(low, point.score_ci->low);
      high = std::max(high, point.score_ci->high);
    }
    // A log axis has no place for an end at or below 0.
    if (point.latency_ci && (!plot.log_x || point.latency_ci->low > 0)) {
      mark.x_low = point.latency_ci->low;
      mark.x_high = point.latency_ci->high;
    }
    marks.push_back(mark);
  }
  AddParetoMarks(page, picture, marks, plot);
  const double margin = std::max(0.05 * (high - low), 1e-3 * std::abs(high));
  plot.y_low = low - margin;
  plot.y_high = high + margin;
  if (plot.percent_y) {
    plot.y_low = std::max(0.0, plot.y_low);
    plot.y_high = std::min(1.0, plot.y_high);
  }
  if (plot.y_low >= plot.y_high) plot.y_high = plot.y_low + 1;
  std::vector<PlotSeries> legend = plot.series;
  for (PlotSeries& segment : ResolutionSegments(plot.series))
    plot.series.push_back(std::move(segment));
  PlotSeries front = Front(picture, legend.size());
  if (!front.curve.empty()) plot.series.push_back(std::move(front));
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(legend);
}

std::string FrontCell(const ParetoPoint& point) {
  if (!point.invalid.empty()) return "not valid: " + EscapeHtml(point.invalid);
  return point.front ? "on the front" : "\u2014";
}

void PointTable(HtmlPage& page, const ParetoPicture& picture) {
  const bool memory = AnyMemory(picture);
  page.html += fmt::format(
      "<div class=\"scroll\"><table><caption>The fastest first</caption>"
      "<thead><tr><th scope=\"col\" class=\"num\">mark</th>"
      "<th scope=\"col\">encoder</th><th scope=\"col\">front</th>"
      "<th scope=\"col\" class=\"num\">latency, ms</th>"
      "<th scope=\"col\" class=\"num\">{}</th>{}</tr></thead>\n<tbody>\n",
      EscapeHtml(picture.metric),
      memory ? "<th scope=\"col\" class=\"num\">memory, MiB</th>" : "");
  const auto with = [](const std::string& value, const std::string& low,
                       const std::string& high) {
    return value + "<small>[" + low + ", " + high + "]</small>";
  };
  std::size_t number = 0;
  for (const ParetoPoint& point : picture.points) {
    const auto score = [&](double value) {
      return EscapeHtml(page.style.Number(picture.metric, value));
    };
    std::string latency = FormatNumber(point.latency_ms);
    if (point.latency_ci)
      latency = with(latency, FormatNumber(point.latency_ci->low),
                     FormatNumber(point.latency_ci->high));
    std::string value = score(point.score);
    if (point.score_ci)
      value =
          with(value, score(point.score_ci->low), score(point.score_ci->high));
    page.html += fmt::format(
        "<tr><td class=\"num\">{}</td><th scope=\"row\">{}</th><td>{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td>",
        ++number, EscapeHtml(PointNameOf(page, point)), FrontCell(point),
        latency, value);
    if (memory)
      page.html +=
          "<td class=\"num\">" + EscapeHtml(MemoryText(point.memory)) + "</td>";
    page.html += "</tr>\n";
  }
  page.html += "</tbody></table></div>\n";
}

}  // namespace

void WritePareto(HtmlPage& page) {
  const std::vector<ParetoLeftOut> left_out =
      MakeParetoPairs(page.runs).left_out;
  if (page.paretos.empty() && left_out.empty()) return;
  page.Open("pareto", "Accuracy against latency");
  page.html +=
      "<p class=\"lead\">Each mark is one encoder, or one detector: its median "
      "latency and its "
      "score, with 95% intervals both ways. On the front is what no other "
      "matches in both and beats in one. Latency and score are of the same "
      "run and encoder in the same precision; the pictures that were timed "
      "need not be those that were scored. A latency ends with the "
      "encoder\u2019s "
      "features; among detectors it ends with the boxes of the head that was "
      "scored, at the thresholds that it was scored with. What is not valid is "
      "named so and stands outside the front. A line joins what differs in "
      "resolution alone, in the order of resolutions, which the legend "
      "names. The number beside a mark stands in legend and table.</p>\n";
  for (const ParetoPicture& picture : page.paretos) {
    page.html += Element("h3", picture.metric + " of " + picture.scored +
                                   ", latency of " + picture.timed);
    DrawPareto(page, picture);
    PointTable(page, picture);
  }
  if (!left_out.empty()) {
    page.html += "<p>Left out:</p>\n<ul>\n";
    for (const ParetoLeftOut& one : left_out)
      page.html += Element("li", LeftOutText(one, page.labels)) + "\n";
    page.html += "</ul>\n";
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
