#include "reports/history/history_plot.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "core/text.h"
#include "reports/display.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kDateLength = 10;  // of RFC 3339
// In the units of a plot, which is 360 wide and 250 high.
constexpr int kPlotWidth = 360;
constexpr int kPlotHeight = 250;
constexpr int kTitle = 34;
constexpr int kLegendRow = 16;

std::string DateOf(const HistoryRun& run) {
  return run.started.substr(0, kDateLength);
}

std::string Describe(const SeriesSet& set, const SeriesChange& change) {
  const HistorySeries& series = set.series[change.series];
  const HistoryRun& run = set.runs[series.points[change.point.index].run];
  std::string text = fmt::format(
      "{} {}: {} to {} ({:+.3g}%)", DateOf(run), change.verdict,
      FormatNumber(change.point.before), FormatNumber(change.point.after),
      change.point.Relative() * 100);
  if (!run.commit.empty())
    text += fmt::format(", commit {}", run.commit.substr(0, 12));
  if (!change.inputs.empty())
    text += fmt::format(", other {}", fmt::join(change.inputs, ", "));
  return text;
}

// Trends while they are put together, by (cell, metric, unit).
class TrendMaker {
 public:
  TrendMaker(const SeriesSet& set, const Changes& changes) : set_(set) {
    for (const SeriesChange& change : changes.changes)
      changes_[change.series].push_back(&change);
  }

  std::vector<Trend> Make() {
    std::map<std::tuple<std::string, std::string, std::string>,
             std::vector<std::size_t>>
        groups;
    for (std::size_t i = 0; i < set_.series.size(); ++i) {
      const HistorySeries& one = set_.series[i];
      groups[{one.cell, one.metric, one.unit}].push_back(i);
      styles_.emplace(one.machine, styles_.size());
    }
    std::vector<Trend> trends;
    for (const auto& [key, members] : groups)
      trends.push_back(TrendOf(members));
    std::ranges::stable_sort(
        trends, {}, [](const Trend& trend) { return trend.changes.empty(); });
    return trends;
  }

 private:
  Trend TrendOf(const std::vector<std::size_t>& members) const {
    Trend trend;
    std::set<std::size_t> runs;
    for (const std::size_t i : members)
      for (const SeriesPoint& point : set_.series[i].points)
        runs.insert(point.run);
    std::map<std::size_t, double> x;
    for (const std::size_t run : runs)
      x.emplace(run, static_cast<double>(x.size()) + 1);
    const HistorySeries& any = set_.series[members.front()];
    trend.cell = any.cell;
    trend.metric = any.metric;
    trend.unit = any.unit;
    trend.first = DateOf(set_.runs[*runs.begin()]);
    trend.last = DateOf(set_.runs[*runs.rbegin()]);
    for (const std::size_t i : members)
      trend.lines.push_back(LineOf(i, x, trend.changes));
    return trend;
  }

  TrendLine LineOf(std::size_t index,
                   const std::map<std::size_t, double>& x,
                   std::vector<std::string>& words) const {
    const HistorySeries& series = set_.series[index];
    TrendLine line;
    line.machine = series.machine_name;
    line.style = styles_.at(series.machine);
    for (const SeriesPoint& point : series.points) {
      PlotPoint mark{x.at(point.run), point.value, {}, {}};
      if (point.ci) {
        mark.low = point.ci->low;
        mark.high = point.ci->high;
      }
      line.points.push_back(mark);
    }
    const auto found = changes_.find(index);
    if (found == changes_.end()) return line;
    std::vector<const SeriesChange*> by_run = found->second;
    std::ranges::sort(by_run, {}, [](const SeriesChange* change) {
      return change->point.index;
    });
    line.means.emplace_back(line.points.front().x,
                            by_run.front()->point.before);
    for (const SeriesChange* change : by_run)
      line.means.emplace_back(line.points[change->point.index].x,
                              change->point.after);
    for (auto it = by_run.rbegin(); it != by_run.rend(); ++it)
      words.push_back(Describe(set_, **it));
    return line;
  }

  const SeriesSet& set_;
  std::map<std::size_t, std::vector<const SeriesChange*>> changes_;
  std::map<std::string, std::size_t> styles_;  // by machine
};

// The colours that PlotStyle takes from the page it is in: dark on dark screens
// alone, for paper is white.
constexpr std::string_view kColours =
    "svg{--soft:#5a6578;--line:#dde2ea;--card:#fff;--ink:#1b2230;"
    "font-family:sans-serif}"
    "@media screen and "
    "(prefers-color-scheme:dark){svg{--soft:#9aa6b8;--line:#2e3643;"
    "--card:#1a1f28;--ink:#e6eaf2}}"
    ".back{fill:var(--card)}.title{fill:var(--ink);font-size:12px;"
    "font-weight:600}.under{fill:var(--soft);font-size:9px}"
    ".key{fill:var(--ink);font-size:10px}"
    ".key-line{stroke:var(--c);stroke-width:2}";

std::string Text(int y, const char* kind, const std::string& text) {
  return fmt::format("<text class=\"{}\" x=\"8\" y=\"{}\">{}</text>", kind, y,
                     EscapeHtml(text));
}

}  // namespace

std::vector<Trend> TrendsOf(const SeriesSet& set, const Changes& changes) {
  return TrendMaker(set, changes).Make();
}

std::string TrendsSvg(const std::vector<Trend>& trends) {
  EYECHART_REQUIRE(!trends.empty(), "no values to plot");
  const std::vector<PlotSeries> legend = LegendOf(trends);
  const int legend_height = kLegendRow * static_cast<int>(legend.size()) + 8;
  const int height =
      legend_height + static_cast<int>(trends.size()) * (kTitle + kPlotHeight);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
      "width=\"{2}\" height=\"{3}\">\n<style>{4}{5}</style>\n"
      "<rect class=\"back\" width=\"{0}\" height=\"{1}\"/>\n",
      kPlotWidth, height, kPlotWidth * 2, height * 2, kColours, PlotStyle());
  int y = 0;
  for (const PlotSeries& one : legend) {
    y += kLegendRow;
    svg += fmt::format(
        "<g class=\"s{}\"><line class=\"key-line\" x1=\"8\" y1=\"{}\" "
        "x2=\"32\" y2=\"{}\"/><text class=\"key\" x=\"38\" y=\"{}\">{}</text>"
        "</g>\n",
        one.style % 8, y - 3, y - 3, y, EscapeHtml(one.name));
  }
  y = legend_height;
  for (const Trend& trend : trends) {
    svg += Text(y + 14, "title", trend.metric + "  " + trend.cell);
    svg += Text(y + 27, "under",
                fmt::format("{}", fmt::join(trend.changes, "; ")));
    constexpr std::string_view kOpen = "<svg ";
    std::string plot = PlotSvg(PlotOf(trend));
    plot.insert(kOpen.size(),
                fmt::format("x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\" ",
                            y + kTitle, kPlotWidth, kPlotHeight));
    svg += plot + "\n";
    y += kTitle + kPlotHeight;
  }
  return svg + "</svg>\n";
}

}  // namespace eyechart::reports
