#include "reports/error_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/text.h"
#include "reports/confusion_picture.h"
#include "reports/html_parts.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

// Less than what the tables show: a tenth of a point.
constexpr double kLeastGain = 0.0005;
constexpr std::size_t kMostConfusions = 8;  // of one row
constexpr std::size_t kMarksOfCurve = 4;    // beside the first
constexpr int kTenths = 10;                 // of recall

const ErrorKindCost* KindOf(const DetectionRow& row, const std::string& kind) {
  const auto found =
      std::find_if(row.errors.begin(), row.errors.end(),
                   [&](const ErrorKindCost& one) { return one.kind == kind; });
  return found == row.errors.end() ? nullptr : &*found;
}

std::string PointsOfAp(double share) {
  return fmt::format("{:.1f}", 100 * share);
}

std::string StatText(const DetectionRow& row, const char* name) {
  const auto found = row.stats.find(name);
  return found == row.stats.end() || found->second < 0
             ? "\u2014"
             : PointsOfAp(found->second);
}

// The gain, and a bar behind it as a part of the table's greatest.
std::string KindCellHtml(const ErrorKindCost* one, double most) {
  if (one == nullptr) return "<td class=\"num missing\">\u2014</td>";
  return fmt::format(
      "<td class=\"num\" style=\"background:linear-gradient(to left,"
      "var(--track) {0:.0f}%,transparent {0:.0f}%)\">{1}"
      "<small>{2}</small></td>",
      most > 0 ? std::clamp(100 * one->gain / most, 0.0, 100.0) : 0.0,
      PointsOfAp(one->gain), one->count);
}

std::string KindsTableHtml(const HtmlPage& page,
                           const DetectionTable& table,
                           const std::vector<std::string>& kinds) {
  std::string html =
      "<div class=\"scroll\"><table><caption>Kinds of error: points of AP50 "
      "that a row would gain if all of one kind were mended, and how many "
      "there are</caption><thead><tr><th scope=\"col\">encoder</th>"
      "<th scope=\"col\" class=\"num\">AP</th>"
      "<th scope=\"col\" class=\"num\">AP50</th>";
  for (const std::string& kind : kinds)
    html += "<th scope=\"col\" class=\"num\">" + EscapeHtml(kind) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  double most = 0;
  for (const DetectionRow& row : table.rows)
    for (const ErrorKindCost& one : row.errors) most = std::max(most, one.gain);
  for (const DetectionRow& row : table.rows) {
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td>",
        EscapeHtml(page.RunPrefix(row.run) + DetectionName(row)),
        StatText(row, "AP"), StatText(row, "AP50"));
    for (const std::string& kind : kinds)
      html += KindCellHtml(KindOf(row, kind), most);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

// One picture an IoU, a line a row.
std::string PrecisionPlots(const HtmlPage& page, const DetectionTable& table) {
  std::map<double, Plot> plots;
  std::vector<PlotSeries> legend;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const DetectionRow& row = table.rows[i];
    for (const PrecisionCurve& curve : row.precision_curves) {
      PlotSeries series;
      series.name = page.RunPrefix(row.run) + DetectionName(row);
      series.style = i;
      const std::size_t last = curve.precision.size() - 1;
      const std::size_t step = std::max<std::size_t>(1, last / kMarksOfCurve);
      for (std::size_t r = 0; r <= last; ++r) {
        const double recall =
            static_cast<double>(r) / static_cast<double>(last);
        series.curve.emplace_back(recall, curve.precision[r]);
        if (r % step == 0)
          series.points.push_back(
              {recall, curve.precision[r], std::nullopt, std::nullopt});
      }
      Plot& plot = plots[curve.iou];
      if (plot.series.empty() || plot.series.back().style != i)
        plot.series.push_back(series);
      if (legend.empty() || legend.back().style != i)
        legend.push_back(std::move(series));
    }
  }
  if (plots.empty()) return "";
  std::string html = "<ul class=\"plots\">";
  for (auto& [iou, plot] : plots) {
    plot.title = fmt::format("Precision against recall at IoU {:g}, {}", iou,
                             table.dataset);
    plot.x_label = "recall";
    plot.y_label = "precision, mean over classes";
    plot.percent_y = true;
    html += "<li><figure><figcaption>" + EscapeHtml(plot.title) +
            "</figcaption>" + PlotSvg(plot) + "</figure></li>";
  }
  return html + "</ul>\n" + PlotLegend(legend);
}

// Of the first point that is not below `tenths` tenths of recall: as
// interpolated, the greatest precision from there on.
double PrecisionAtTenths(const PrecisionCurve& curve, int tenths) {
  const auto last = static_cast<double>(curve.precision.size() - 1);
  // Less what a product of tenths is off by.
  const double place = std::ceil(last * tenths / kTenths - 1e-9);
  return curve.precision[static_cast<std::size_t>(place)];
}

std::string PrecisionLine(const DetectionRow& row,
                          double iou,
                          const std::string& prefix) {
  std::vector<std::string> cells = {
      EscapeMarkdown(prefix + DetectionName(row))};
  const auto curve =
      std::find_if(row.precision_curves.begin(), row.precision_curves.end(),
                   [&](const PrecisionCurve& one) { return one.iou == iou; });
  for (int tenth = 1; tenth < kTenths; ++tenth)
    cells.push_back(curve == row.precision_curves.end()
                        ? "\u2014"
                        : PointsOfAp(PrecisionAtTenths(*curve, tenth)));
  return TableLine(cells);
}

std::string ConfusionsHtml(const HtmlPage& page, const DetectionRow& row) {
  if (row.confusions.empty()) return "";
  std::string html = fmt::format(
      "<details><summary>{}: what was taken for what</summary>\n<ul>",
      EscapeHtml(page.RunPrefix(row.run) + DetectionName(row)));
  const std::size_t shown = std::min(kMostConfusions, row.confusions.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const ConfusedPair& one = row.confusions[i];
    html += Element("li", fmt::format("{} taken for {}: {}", one.truth,
                                      one.found, one.count));
  }
  if (shown < row.confusions.size())
    html += fmt::format("<li>and {} more</li>", row.confusions.size() - shown);
  return html + "</ul></details>\n";
}

}  // namespace

std::vector<std::string> KindsOfErrors(const DetectionTable& table) {
  std::vector<std::string> kinds;
  for (const DetectionRow& row : table.rows)
    for (const ErrorKindCost& one : row.errors)
      if (std::find(kinds.begin(), kinds.end(), one.kind) == kinds.end())
        kinds.push_back(one.kind);
  return kinds;
}

std::vector<std::string> ErrorSentences(
    const DetectionTable& table, const std::vector<std::string>& prefixes) {
  std::vector<std::string> sentences;
  const auto name = [&](const DetectionRow& row) {
    return prefixes[row.run] + DetectionName(row);
  };
  const DetectionRow& first = table.rows.front();
  for (const DetectionRow& row : table.rows) {
    if (&row == &first || !row.not_compared.empty() || row.errors.empty() ||
        first.errors.empty())
      continue;
    const ErrorKindCost* worst = nullptr;
    double most = kLeastGain, of_first = 0;
    for (const ErrorKindCost& one : row.errors) {
      const ErrorKindCost* other = KindOf(first, one.kind);
      if (other == nullptr || one.gain - other->gain < most) continue;
      most = one.gain - other->gain;
      of_first = other->gain;
      worst = &one;
    }
    const std::string below = fmt::format(
        "{} is {} points of AP below {}", name(row),
        PointsOfAp(first.stats.at("AP") - row.stats.at("AP")), name(first));
    sentences.push_back(
        worst == nullptr
            ? below + "; no kind of error costs it more."
            : fmt::format("{}; what parts them most at IoU 0.5 is \u201c{}"
                          "\u201d, which costs it {} points of AP50 where it "
                          "costs {} {}.",
                          below, worst->kind, PointsOfAp(worst->gain),
                          name(first), PointsOfAp(of_first)));
  }
  return sentences;
}

std::string ErrorKindsHtml(const HtmlPage& page, const DetectionTable& table) {
  std::string html;
  if (const auto kinds = KindsOfErrors(table); !kinds.empty()) {
    html += KindsTableHtml(page, table, kinds);
    std::string list;
    for (const std::string& one :
         ErrorSentences(table, DetectionPrefixes(page.labels)))
      list += Element("li", one);
    if (!list.empty()) html += "<ul>" + list + "</ul>\n";
  }
  html += PrecisionPlots(page, table);
  for (const DetectionRow& row : table.rows)
    html += ConfusionsHtml(page, row) + ConfusionPictureHtml(page, row);
  return html;
}

std::string ErrorKindsHint() {
  return "Kinds of error are TIDE\u2019s (Bolya et al. 2020), at an overlap of "
         "0.5: class, in the right place with another class; localisation, of "
         "the right class and badly placed (overlap 0.1 to 0.5); both; "
         "duplicate, of a truth that a better box has found; background, on "
         "nothing; missed, a truth that no such error is near, and those are "
         "counted as truths, the others as boxes, of low scores too. Each kind "
         "is mended alone, so gains do not add up; they are of the first seed "
         "and have no interval.";
}

std::string ErrorKindsMarkdown(std::span<const RunFolder> runs,
                               const std::vector<std::string>& labels) {
  std::string text;
  const std::vector<std::string> prefixes = DetectionPrefixes(labels);
  for (const DetectionTable& table : MakeDetectionTables(runs)) {
    const std::vector<std::string> kinds = KindsOfErrors(table);
    if (kinds.empty()) continue;
    text += EscapeMarkdown(DetectionTableName(table)) + "\n\n";
    std::vector<std::string> head = {"encoder", "AP", "AP50"};
    for (const std::string& kind : kinds) head.push_back(EscapeMarkdown(kind));
    text += TableHead(head, 1);
    for (const DetectionRow& row : table.rows) {
      std::vector<std::string> cells = {
          EscapeMarkdown(prefixes[row.run] + DetectionName(row)),
          StatText(row, "AP"), StatText(row, "AP50")};
      for (const std::string& kind : kinds) {
        const ErrorKindCost* one = KindOf(row, kind);
        cells.push_back(
            one == nullptr
                ? "\u2014"
                : fmt::format("{} ({})", PointsOfAp(one->gain), one->count));
      }
      text += TableLine(cells);
    }
    text += "\n";
    for (const std::string& one : ErrorSentences(table, prefixes))
      text += "- " + EscapeMarkdown(one) + "\n";
    if (text.back() == '\n' && !text.ends_with("\n\n")) text += "\n";
  }
  if (text.empty()) return "";
  return "## Kinds of detection error\n\nPoints of AP50 gained if all of one "
         "kind were mended, and how many there are.\n\n" +
         text + EscapeMarkdown(ErrorKindsHint()) + "\n\n";
}

std::string PrecisionMarkdown(std::span<const RunFolder> runs,
                              const std::vector<std::string>& labels) {
  std::string text;
  const std::vector<std::string> prefixes = DetectionPrefixes(labels);
  std::vector<std::string> head = {"encoder"};
  for (int tenth = 1; tenth < kTenths; ++tenth)
    head.push_back(fmt::format("0.{}", tenth));
  for (const DetectionTable& table : MakeDetectionTables(runs)) {
    std::set<double> overlaps;
    for (const DetectionRow& row : table.rows)
      for (const PrecisionCurve& curve : row.precision_curves)
        overlaps.insert(curve.iou);
    for (const double iou : overlaps) {
      text += EscapeMarkdown(
                  fmt::format("{}, IoU {:g}", DetectionTableName(table), iou)) +
              "\n\n" + TableHead(head, 1);
      for (const DetectionRow& row : table.rows)
        text += PrecisionLine(row, iou, prefixes[row.run]);
      text += "\n";
    }
  }
  if (text.empty()) return "";
  return "## Precision against recall\n\nIn per cent, mean over the classes "
         "with truth, at a recall of 0.1 to 0.9; a box is right from the "
         "overlap (IoU) that is named.\n\n" +
         text;
}

}  // namespace eyechart::reports
