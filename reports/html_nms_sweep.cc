// NMS included: what each threshold costs in time and in average precision, as
// a picture and in a table, and what suppression costs in boxes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

constexpr double kWideCosts = 20;     // from where an axis is logarithmic
constexpr std::size_t kSamples = 80;  // of the fitted curve

std::string MaybeShare(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", 100 * *value) : "\u2014";
}

std::string Time(const SweepTime& time) {
  std::string text =
      time.median_ms ? fmt::format("{:.4g}", *time.median_ms) : "\u2014";
  if (time.ci)
    text += fmt::format("<small>[{:.4g}, {:.4g}]</small>", time.ci->low,
                        time.ci->high);
  return text;
}

std::string Boxes(double mean, std::int64_t most) {
  return fmt::format("{:.1f}<small>at most {}</small>", mean, most);
}

std::string SweepNameOf(const HtmlPage& page, const NmsSweepTable& table) {
  return page.RunPrefix(table.run) + table.encoder + ", " + table.head +
         " head";
}

// A line a confidence, its marks the IoUs; a set head is one mark.
std::vector<PlotSeries> SweepLines(const std::string& name,
                                   const NmsSweepTable& table,
                                   std::size_t first_style) {
  std::vector<PlotSeries> lines;
  std::optional<double> confidence;
  for (const SweepRow& row : table.rows) {
    if (!row.ap || !row.total.median_ms) continue;
    if (!confidence || *confidence != row.confidence) {
      confidence = row.confidence;
      PlotSeries& line = lines.emplace_back();
      line.name = row.iou
                      ? name + ", confidence " + FormatDouble(row.confidence)
                      : name + ", no NMS";
      line.style = first_style + lines.size() - 1;
    }
    PlotPoint point{*row.total.median_ms, *row.ap, std::nullopt, std::nullopt};
    if (row.ap_ci) {
      point.low = row.ap_ci->low;
      point.high = row.ap_ci->high;
    }
    if (row.total.ci) {
      point.x_low = row.total.ci->low;
      point.x_high = row.total.ci->high;
    }
    lines.back().points.push_back(point);
  }
  return lines;
}

void Picture(HtmlPage& page, const NmsSweepGroup& group) {
  Plot plot;
  plot.title = "NMS included: " + group.dataset;
  plot.x_label = "end to end, ms a picture";
  plot.y_label = "AP";
  plot.percent_y = true;
  double low = 1, high = 0;
  for (const NmsSweepTable& table : group.tables)
    for (PlotSeries& line :
         SweepLines(SweepNameOf(page, table), table, plot.series.size())) {
      for (const PlotPoint& point : line.points) {
        low = std::min(low, point.low.value_or(point.y));
        high = std::max(high, point.high.value_or(point.y));
      }
      plot.series.push_back(std::move(line));
    }
  if (plot.series.empty()) return;
  plot.y_low = std::max(0.0, low - 0.01);
  plot.y_high = std::min(1.0, high + 0.01);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(plot.series);
}

// The fitted curve between the least and the most boxes that were timed, in
// pieces: where it leaves the axis and comes back, nothing joins them.
std::vector<std::vector<std::pair<double, double>>> CostCurves(
    const SweepCost& cost, double least, double most, const Plot& plot) {
  std::vector<std::vector<std::pair<double, double>>> curves;
  bool inside = false;
  for (std::size_t i = 0; i <= kSamples; ++i) {
    const double share = static_cast<double>(i) / kSamples;
    const double boxes = plot.log_x ? least * std::pow(most / least, share)
                                    : least + share * (most - least);
    const double ms = SweepCostMs(cost, boxes);
    // No coefficient is held to be positive; a log axis ends above 0.
    const bool was_inside = inside;
    inside = ms >= plot.y_low && ms <= plot.y_high;
    if (!inside) continue;
    if (!was_inside) curves.emplace_back();
    curves.back().emplace_back(boxes, ms);
  }
  return curves;
}

// Time of suppression against boxes: points, fit, and the head's own time.
void CostPicture(HtmlPage& page, const NmsSweepTable& table) {
  if (!table.cost || table.cost->points.empty()) return;
  const SweepCost& cost = *table.cost;
  Plot plot;
  plot.title = "What suppression costs: " + SweepNameOf(page, table);
  plot.x_label = "boxes in";
  plot.y_label = "NMS, ms";
  PlotSeries series;
  series.name = "one picture, the best so many of its boxes; line: the fit";
  double least = cost.points.front().first, most = least;
  double low = cost.points.front().second / 1e6, high = low;
  for (const auto& [boxes, ns] : cost.points) {
    const double ms = ns / 1e6;
    least = std::min(least, boxes);
    most = std::max(most, boxes);
    low = std::min(low, ms);
    high = std::max(high, ms);
    series.points.push_back({boxes, ms, std::nullopt, std::nullopt});
  }
  if (const std::optional<double> head = SweepHeadMs(table)) {
    plot.rules.push_back(
        {*head, fmt::format("{}, {:.4g} ms", SweepHeadName(table), *head)});
    low = std::min(low, *head);
    high = std::max(high, *head);
  }
  plot.log_x = least > 0 && most > kWideCosts * least;
  plot.log_y = low > 0 && high > kWideCosts * low;
  plot.y_low = plot.log_y ? low / 1.3 : 0;
  plot.y_high = plot.log_y ? 1.3 * high : 1.1 * high;
  if (plot.y_high <= plot.y_low) plot.y_high = plot.y_low + 1;
  auto curves = CostCurves(cost, least, most, plot);
  // An empty curve would be drawn through the points.
  if (curves.empty())
    curves = {{{series.points.front().x, series.points.front().y}}};
  series.curve = std::move(curves.front());
  if (cost.as_head && !plot.rules.empty() && *cost.as_head >= least &&
      *cost.as_head <= most)
    series.drop = {*cost.as_head, plot.rules.front().y};
  const std::vector<PlotSeries> legend = {series};
  plot.series.push_back(std::move(series));
  for (std::size_t i = 1; i < curves.size(); ++i)
    plot.series.emplace_back().curve = std::move(curves[i]);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(legend);
}

void SweepTable(HtmlPage& page, const NmsSweepTable& table) {
  page.html += Element("h3", SweepNameOf(page, table));
  std::string stages;
  for (const auto& [name, time] : table.stages)
    if (time.median_ms)
      stages += fmt::format("{}{} {:.4g} ms", stages.empty() ? "" : ", ",
                            EscapeHtml(name), *time.median_ms);
  page.html += fmt::format(
      "<p>{} pictures, one at a time; without suppression {} ms ({}).</p>\n",
      table.pictures,
      table.rest.median_ms ? fmt::format("{:.4g}", *table.rest.median_ms)
                           : "\u2014",
      stages);
  if (const std::string invalid = SweepInvalidity(table); !invalid.empty())
    page.html += Element("p", "The times are " + invalid + ".") + "\n";
  page.html +=
      "<div class=\"scroll\"><table><caption>One row a setting</caption>"
      "<thead><tr><th scope=\"col\">confidence, IoU</th>";
  for (const char* name : {"boxes in", "boxes out", "NMS ms", "end to end ms",
                           "NMS share", "AP", "AP50"})
    page.html += fmt::format("<th scope=\"col\" class=\"num\">{}</th>", name);
  page.html += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const SweepRow& row = table.rows[i];
    const std::string mark = SweepMark(table, i);
    page.html += "<tr><th scope=\"row\">" + SweepThresholds(row);
    if (!mark.empty()) page.html += "<br><small>" + mark + "</small>";
    std::string ap = MaybeShare(row.ap);
    if (row.ap_ci)
      ap += fmt::format("<small>[{}, {}]</small>", MaybeShare(row.ap_ci->low),
                        MaybeShare(row.ap_ci->high));
    page.html += "</th>";
    for (const std::string& cell :
         {Boxes(row.before_mean, row.before_most),
          Boxes(row.after_mean, row.after_most), Time(row.nms), Time(row.total),
          fmt::format("{:.1f}%", 100 * row.share), ap, MaybeShare(row.ap50)})
      page.html += "<td class=\"num\">" + cell + "</td>";
    page.html += "</tr>\n";
  }
  page.html += "</tbody></table></div>\n";
  CostPicture(page, table);
  const std::string cost = SweepCostSentence(table);
  if (!cost.empty()) page.html += Element("p", cost) + "\n";
}

}  // namespace

void WriteNmsSweeps(HtmlPage& page) {
  if (page.nms_sweeps.empty()) return;
  page.Open("nms", "NMS included");
  page.html +=
      "<p class=\"lead\">The threshold that a speed is quoted at should be the "
      "one that the average precision is quoted at. Each row has both at one "
      "setting: encoder and head ran once a picture, the boxes of the lowest "
      "confidence were kept, and suppression was timed on those of each "
      "confidence and overlap, all settings in turn. Times are medians over "
      "pictures with 95% intervals (order statistics), from the file\u2019s "
      "bytes in memory to the kept boxes; AP in per cent as COCO defines "
      "it.</p>\n";
  for (const NmsSweepGroup& group : page.nms_sweeps) {
    Picture(page, group);
    for (const NmsSweepTable& table : group.tables) SweepTable(page, table);
  }
  page.html +=
      "<p class=\"hint\">A line of the picture is one confidence, its marks "
      "the overlaps; a head without suppression is one mark. The head\u2019s "
      "own time is that at the lowest confidence throughout. What suppression "
      "costs is drawn in boxes that go in: the dashed line is the time of what "
      "makes them, and a line falls from where the fit reaches "
      "it.</p>\n</section>\n";
}

}  // namespace eyechart::reports
