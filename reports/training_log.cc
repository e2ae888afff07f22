#include "reports/training_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "reports/html_parts.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

using LogLine = std::vector<std::pair<double, double>>;

// From where a loss that fell so far is drawn on a logarithmic axis: else its
// first steps are all that can be seen.
constexpr double kSteepLoss = 10;

PlotSeries SeriesOfLog(const HtmlPage& page,
                       const DetectionRow& row,
                       std::size_t style,
                       const LogLine& line) {
  PlotSeries series;
  series.name = page.RunPrefix(row.run) + DetectionName(row);
  series.style = style;
  for (const auto& [step, value] : line)
    series.points.push_back({step, value, std::nullopt, std::nullopt});
  return series;
}

Plot LookPlot(const HtmlPage& page, const DetectionTable& table) {
  Plot plot;
  plot.title = fmt::format("Training on {}, {} head ({})", table.dataset,
                           table.head, table.protocol);
  plot.x_label = "steps";
  plot.y_label = "AP on the validation pictures";
  plot.percent_y = true;
  double most = 0.05;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const DetectionRow& row = table.rows[i];
    if (row.curve.empty()) continue;
    plot.series.push_back(SeriesOfLog(page, row, i, row.curve));
    for (const auto& look : row.curve) {
      most = std::max(most, look.second);
      if (row.best_step && *row.best_step == look.first)
        plot.series.back().drop = look;
    }
  }
  plot.y_high = std::min(1.0, 1.1 * most);
  return plot;
}

Plot LossPlot(const HtmlPage& page, const DetectionTable& table) {
  Plot plot;
  plot.title = "The loss meanwhile, on the training pictures";
  plot.x_label = "steps";
  plot.y_label = "loss";
  bool any = false;
  double least = 0, most = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const DetectionRow& row = table.rows[i];
    if (row.losses.empty()) continue;
    plot.series.push_back(SeriesOfLog(page, row, i, row.losses));
    for (const auto& [step, loss] : row.losses) {
      least = any ? std::min(least, loss) : loss;
      most = any ? std::max(most, loss) : loss;
      any = true;
    }
  }
  plot.log_y = least > 0 && most > kSteepLoss * least;
  plot.y_low = plot.log_y ? 0.9 * least : std::min(0.0, least);
  plot.y_high = most > plot.y_low ? 1.05 * most : plot.y_low + 1;
  return plot;
}

// The looks of which it is asked whether each was better than the one before.
constexpr std::size_t kRisingLooks = 3;
constexpr double kWeakAp = 0.01;

// The earliest of the best.
LogLine::value_type BestOf(const LogLine& line, bool least) {
  return *std::max_element(
      line.begin(), line.end(), [least](const auto& a, const auto& b) {
        return least ? a.second > b.second : a.second < b.second;
      });
}

// First, best and last as cells of a table, "0.52 (40)".
void AddLine(const LogLine& line,
             bool least,
             double unit,
             std::vector<std::string>& cells) {
  if (line.empty()) {
    cells.insert(cells.end(), 3, "\u2014");
    return;
  }
  for (const auto& [step, value] :
       {line.front(), BestOf(line, least), line.back()})
    cells.push_back(fmt::format("{:.4g} ({:g})", unit * value, step));
}

// Steps trained: as the file says or, of an older one, the log's last.
std::optional<double> StepsOf(const DetectionRow& row) {
  if (row.steps) return static_cast<double>(*row.steps);
  std::optional<double> last;
  for (const LogLine* line : {&row.curve, &row.losses})
    if (!line->empty()) last = std::max(last.value_or(0), line->back().first);
  return last;
}

bool StillRising(const LogLine& looks) {
  if (looks.size() <= kRisingLooks) return false;
  for (std::size_t i = looks.size() - kRisingLooks; i < looks.size(); ++i)
    if (!(looks[i].second > looks[i - 1].second)) return false;
  return BestOf(looks, false).first == looks.back().first;
}

std::string PercentOfAp(double ap) { return fmt::format("{:.2g}%", 100 * ap); }

std::string LookText(const DetectionRow& row) {
  const LogLine& looks = row.curve;
  if (looks.empty())
    return row.losses.empty() ? "" : "; its log has no AP on validation";
  const std::string on = "AP on the validation pictures was ";
  const auto [best_step, best] = BestOf(looks, false);
  if (best <= 0)
    return "; " + on +
           (looks.size() == 1 ? "0 at the one look"
                              : fmt::format("0 at all {} looks", looks.size()));
  if (!StillRising(looks) && best_step == looks.back().first)
    return fmt::format("; {}{} at step {:g}, its best and last look", on,
                       PercentOfAp(best), best_step);
  if (!StillRising(looks))
    return fmt::format(
        "; {}{} at step {:g}, its best, and {} at step {:g}, the "
        "last look",
        on, PercentOfAp(best), best_step, PercentOfAp(looks.back().second),
        looks.back().first);
  std::string values;
  for (std::size_t i = looks.size() - kRisingLooks - 1; i < looks.size(); ++i)
    values += (values.empty() ? "" : ", ") + PercentOfAp(looks[i].second);
  return fmt::format(
      "; training ended while AP on the validation pictures was "
      "still rising ({} at the last {} looks)",
      values, kRisingLooks + 1);
}

std::string LossText(const LogLine& losses) {
  if (losses.empty()) return "";
  std::string text = fmt::format("; the last loss is {:.3g}, at step {:g}",
                                 losses.back().second, losses.back().first);
  if (losses.size() > 1)
    text += fmt::format(", the first was {:.3g}, at step {:g}",
                        losses.front().second, losses.front().first);
  return text;
}

std::string LogTableMarkdown(const DetectionTable& table,
                             const std::vector<std::string>& prefixes) {
  std::string lines;
  for (const DetectionRow& row : table.rows) {
    if (row.curve.empty() && row.losses.empty()) continue;
    std::vector<std::string> cells = {
        EscapeMarkdown(prefixes[row.run] + DetectionName(row)),
        fmt::format("{:g}", StepsOf(row).value_or(0))};
    AddLine(row.losses, /*least=*/true, 1, cells);
    AddLine(row.curve, /*least=*/false, 100, cells);
    cells.push_back(row.best_step ? fmt::format("{:g}", *row.best_step)
                                  : "the last");
    lines += TableLine(cells);
  }
  if (lines.empty()) return "";
  return TableHead({"encoder", "steps", "first loss", "least loss", "last loss",
                    "first AP", "best AP", "last AP", "step kept"},
                   1) +
         lines + "\n";
}

}  // namespace

std::vector<std::string> WeakRowSentences(
    const DetectionTable& table, const std::vector<std::string>& prefixes) {
  std::vector<std::string> sentences;
  for (const DetectionRow& row : table.rows) {
    const double ap = row.stats.at("AP");
    if (ap < 0 || ap > kWeakAp) continue;  // below 0: no truth to be found
    std::string text =
        fmt::format("{}: AP is {}", prefixes[row.run] + DetectionName(row),
                    PercentOfAp(ap));
    const std::optional<double> steps = StepsOf(row);
    if (steps) text += fmt::format(" after {:g} steps of training", *steps);
    if (row.found == 0) text += "; no box was found on the test pictures";
    text += LossText(row.losses) + LookText(row);
    if (!steps) text += "; its file tells of no training";
    sentences.push_back(text + ".");
  }
  return sentences;
}

std::string TrainingLogMarkdown(std::span<const RunFolder> runs,
                                const std::vector<std::string>& labels) {
  std::string text;
  const std::vector<std::string> prefixes = DetectionPrefixes(labels);
  for (const DetectionTable& table : MakeDetectionTables(runs)) {
    std::string part = LogTableMarkdown(table, prefixes);
    const std::vector<std::string> weak = WeakRowSentences(table, prefixes);
    for (const std::string& one : weak)
      part += "- " + EscapeMarkdown(one) + "\n";
    if (!weak.empty()) part += "\n";
    if (!part.empty())
      text += EscapeMarkdown(DetectionTableName(table)) + "\n\n" + part;
  }
  if (text.empty()) return "";
  return "## Training of detection heads\n\nLoss on the training pictures and "
         "AP on the validation pictures, in per cent, of the first seed; in "
         "brackets the step.\n\n" +
         text;
}

std::string TrainingLogHtml(const HtmlPage& page, const DetectionTable& table) {
  const Plot looks = LookPlot(page, table);
  const Plot losses = LossPlot(page, table);
  std::string html;
  for (const Plot* plot : {&looks, &losses}) {
    if (plot->series.empty()) continue;
    const bool drops =
        std::any_of(plot->series.begin(), plot->series.end(),
                    [](const PlotSeries& one) { return one.drop.has_value(); });
    html += "<li><figure><figcaption>" + EscapeHtml(plot->title) +
            (drops ? "<small>a dotted line falls from the look whose head was "
                     "kept</small>"
                   : "") +
            "</figcaption>" + PlotSvg(*plot) + "</figure></li>";
  }
  if (html.empty()) return "";
  // Of both pictures: a row may be in one alone.
  std::vector<PlotSeries> legend = looks.series;
  for (const PlotSeries& one : losses.series)
    if (std::none_of(
            looks.series.begin(), looks.series.end(),
            [&](const PlotSeries& other) { return other.style == one.style; }))
      legend.push_back(one);
  return "<ul class=\"plots\">" + html + "</ul>\n" + PlotLegend(legend);
}

}  // namespace eyechart::reports
