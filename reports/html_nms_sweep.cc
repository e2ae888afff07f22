// NMS included: what each threshold costs in time and in average precision, as
// a picture and in a table.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

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
      "own time is that at the lowest confidence throughout.</p>\n</section>\n";
}

}  // namespace eyechart::reports
