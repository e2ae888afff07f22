// The probes' section: what read-outs of each encoder's frozen features get
// right, encoders compared seed by seed, and the curves of mixtures.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

// Shares in per cent, numbers as they are.
std::string Score(const ProbeRow& row, double value, bool sign = false) {
  if (row.score_name == "mae")
    return sign ? fmt::format("{:+.4g}", value) : fmt::format("{:.4g}", value);
  return sign ? fmt::format("{:+.1f}", 100 * value)
              : fmt::format("{:.1f}%", 100 * value);
}

void ProbeTableHtml(HtmlPage& page, const ProbeTable& table) {
  const std::string name = table.rows.front().score_name;
  page.html += Element(
      "h3", fmt::format("{}: {} ({}{})", table.dataset, table.kind,
                        table.protocol, table.augment ? ", augmented" : ""));
  page.html += fmt::format(
      "<div class=\"scroll\"><table><caption>The best first</caption>"
      "<thead><tr>"
      "<th scope=\"col\">encoder</th><th scope=\"col\" class=\"num\">{}</th>"
      "<th scope=\"col\" class=\"num\">over seeds</th>"
      "<th scope=\"col\" class=\"num\">less the first</th>"
      "<th scope=\"col\">chosen of its grid</th>"
      "<th scope=\"col\" class=\"num\">rows</th></tr></thead>\n<tbody>\n",
      EscapeHtml(name));
  for (const ProbeRow& row : table.rows) {
    std::string score = Score(row, row.score);
    if (row.low && row.high)
      score += fmt::format("<small>[{}, {}]</small>", Score(row, *row.low),
                           Score(row, *row.high));
    std::string difference = "\u2014";
    if (row.difference) difference = Score(row, row.difference->mean, true);
    if (row.difference && row.difference->ci)
      difference += fmt::format("<small>[{}, {}]</small>",
                                Score(row, row.difference->ci->low, true),
                                Score(row, row.difference->ci->high, true));
    std::string chosen =
        row.selected.empty() ? "\u2014" : EscapeHtml(row.selected);
    if (row.points > 1)
      chosen +=
          fmt::format("<small>of {}, on {} rows</small>", row.points,
                      row.split == "test" ? "the <b>test</b>" : "validation");
    page.html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td>"
        "<td class=\"num\">{}<small>{} to choose, {} to test</small></td>"
        "</tr>\n",
        EscapeHtml(page.RunPrefix(row.run) + row.encoder), score,
        SeedsHtml(row.seeds, [&](double x) { return Score(row, x); }),
        difference, chosen, row.train, row.validation, row.test);
  }
  page.html += "</tbody></table></div>\n";
}

PlotPoint MixturePointOf(const MixtureRow& row) {
  return {row.alpha.value_or(0), row.score, row.low, row.high};
}

// One plot: the read-outs' accuracy against the first encoder's share.
void Curve(HtmlPage& page, const ProbeTable& table, const ProbeRow& row) {
  if (row.mixture.empty() || row.score_name != "top1") return;
  Plot plot;
  plot.title = fmt::format("{} on {}", row.encoder, table.dataset);
  plot.x_label = "share of the first encoder's tokens";
  plot.y_label = "top-1";
  plot.percent_y = true;
  double low = 1;
  double high = 0;
  for (const char* read_out : {"attentive", "linear"}) {
    PlotSeries series;
    series.name = std::string(read_out) + " read-out";
    series.style = plot.series.size();
    for (const MixtureRow& one : row.mixture) {
      low = std::min(low, one.low.value_or(one.score));
      high = std::max(high, one.high.value_or(one.score));
      if (one.read_out != read_out) continue;
      if (one.alpha)
        series.points.push_back(MixturePointOf(one));
      else
        plot.rules.push_back(
            {one.score, fmt::format("interleaved, {}", read_out)});
    }
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  plot.y_low = std::max(0.0, low - 0.05);
  plot.y_high = std::min(1.0, high + 0.05);
  page.html += "<ul class=\"plots\"><li><figure><figcaption>" +
               EscapeHtml(plot.title) + "</figcaption>" + PlotSvg(plot) +
               "</figure></li></ul>\n" + PlotLegend(plot.series);
}

}  // namespace

void WriteProbes(HtmlPage& page) {
  if (page.probes.empty()) return;
  page.Open("probes", "Probes");
  page.html +=
      "<p class=\"lead\">What a small head, trained on an encoder\u2019s "
      "frozen features, gets right on pictures that it has not seen. Settings "
      "are chosen on rows cut from the training ones, unless it says test. "
      "Intervals are over pictures (95%); differences are from the first row, "
      "the same seeds paired (Student\u2019s t).</p>\n";
  for (const ProbeTable& table : page.probes) {
    ProbeTableHtml(page, table);
    for (const ProbeRow& row : table.rows) Curve(page, table, row);
    if (table.kind == "mixture")
      page.html +=
          "<p class=\"hint\">Unlike the paper\u2019s mixtures (Tong et al. "
          "2024, section 5) there is no language model behind: a head reads "
          "the mixed tokens; each encoder has an adapter of its own in the "
          "additive mixture too; and neither read-out knows the tokens\u2019 "
          "places, so that interleaved tokens are weighed together.</p>\n";
  }
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
