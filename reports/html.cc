// One self-contained HTML page: nothing of it is loaded from elsewhere, which
// its content security policy holds the browser to.
#include <fmt/format.h>

#include "core/hash.h"
#include "core/text.h"
#include "reports/formats.h"
#include "reports/html_parts.h"
#include "reports/references.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

// What a source of a content security policy calls a script by.
std::string ScriptHash(std::string_view script) {
  const std::string hex = Sha256Hex(script);
  std::string digest;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "sha256-" + Base64(digest);
}

void Head(HtmlPage& page) {
  const std::string title =
      page.runs.size() == 1
          ? page.labels[0]
          : fmt::format("{} runs side by side", page.runs.size());
  const bool failures =
      page.Total(&RunSummaryCounts::failed) > 0 || !page.missing.empty();
  page.html += fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,"
      "initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; img-src data:; style-src 'unsafe-inline'; script-src "
      "'{}'\">\n<title>{} \u00b7 eyechart</title>\n<style>{}{}</style>\n"
      "</head>\n<body>\n"
      "<a class=\"skip\" href=\"#main\">Skip to the results</a>\n",
      ScriptHash(PageScript()), EscapeHtml(title), PageStyle(),
      page.acuities.empty() && page.probes.empty() && page.detections.empty() &&
              page.latencies.empty() && page.nms_sweeps.empty() &&
              page.paretos.empty() && page.resolution_curves.empty() &&
              page.low_data.empty() && page.rooflines.empty() &&
              page.batch_curves.empty() && page.trends.empty()
          ? ""
          : PlotStyle());
  page.html += "<header>\n" + Element("h1", title) +
               "\n<p class=\"sub\">What vision encoders see, and how fast: an "
               "eyechart report</p>\n<nav aria-label=\"Sections\"><ul>"
               "<li><a href=\"#summary\">Summary</a></li>";
  if (failures) page.html += "<li><a href=\"#failed\">Failed cells</a></li>";
  if (!page.patterns.empty())
    page.html += "<li><a href=\"#patterns\">Patterns</a></li>";
  if (!page.probes.empty())
    page.html += "<li><a href=\"#probes\">Probes</a></li>";
  if (!page.detections.empty())
    page.html += "<li><a href=\"#detection\">Detection</a></li>";
  if (!page.low_data.empty())
    page.html += "<li><a href=\"#low-data\">AP against training data</a></li>";
  if (!page.latencies.empty())
    page.html += "<li><a href=\"#latency\">Latency</a></li>";
  if (!page.resolution_curves.empty())
    page.html +=
        "<li><a href=\"#resolution\">Latency against resolution</a></li>";
  if (!page.nms_sweeps.empty())
    page.html += "<li><a href=\"#nms\">NMS included</a></li>";
  if (!page.paretos.empty())
    page.html += "<li><a href=\"#pareto\">Accuracy against latency</a></li>";
  if (!page.rooflines.empty() || !page.batch_curves.empty())
    page.html += "<li><a href=\"#roofline\">Roofline</a></li>";
  page.html += "<li><a href=\"#results\">Results</a></li>";
  if (page.has_references)
    page.html += "<li><a href=\"#references\">Published numbers</a></li>";
  if (!page.trends.empty())
    page.html += "<li><a href=\"#history\">History</a></li>";
  if (!page.acuities.empty())
    page.html += "<li><a href=\"#eye-chart\">Eye chart</a></li>";
  if (!page.galleries.empty())
    page.html += "<li><a href=\"#pairs\">CLIP-blind pairs</a></li>";
  page.html +=
      "<li><a href=\"#all-records\">Records</a></li>"
      "<li><a href=\"#cells\">Cells</a></li>"
      "<li><a href=\"#environment\">Environment</a></li>"
      "<li><a href=\"#methods\">Methods</a></li></ul></nav>\n"
      "</header>\n<main id=\"main\" tabindex=\"-1\">\n";
}

void Pairs(HtmlPage& page) {
  if (page.galleries.empty()) return;
  page.Open("pairs", "CLIP-blind pairs");
  for (const Gallery& gallery : page.galleries)
    page.html +=
        GalleryHtml(gallery, page.RunPrefix(gallery.run) + gallery.cell);
  page.html += "</section>\n";
}

void Records(HtmlPage& page) {
  page.Open("all-records", "Records");
  page.html +=
      "<div id=\"records-view\"><p>This table needs JavaScript, which this "
      "page brings with it. Without it, <code>eyechart report RUN -o "
      "records.csv</code> gives the same rows.</p></div>\n"
      "<script type=\"application/json\" id=\"records-data\">";
  page.html += RecordData(page.runs, page.labels);
  page.html += "</script>\n</section>\n";
}

class HtmlExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    HtmlPage page(runs);
    page.trends = trends_;
    page.has_references = !references_.empty();
    Head(page);
    WriteSummary(page);
    WriteFailures(page);
    WritePatterns(page);
    WriteProbes(page);
    WriteDetections(page);
    WriteLowData(page);
    WriteLatency(page);
    WriteResolutionCurves(page);
    WriteNmsSweeps(page);
    WritePareto(page);
    WriteRoofline(page);
    WriteResults(page);
    page.html += ReferencesHtml(references_, runs);
    page.html += TrendSection(page.trends);
    WriteAcuity(page);
    Pairs(page);
    Records(page);
    WriteCells(page);
    WriteEnvironment(page);
    WriteMethods(page);
    page.html += fmt::format(
        "</main>\n<footer><p>Made by eyechart from {}. This page loads nothing "
        "and sends nothing.</p></footer>\n<script>{}</script>\n</body>\n"
        "</html>\n",
        Plural(page.Total(&RunSummaryCounts::records), "record"), PageScript());
    // Text of records may hold what no page can, wherever it stands.
    return VisibleText(page.html);
  }
  bool ShowTrends(std::vector<Trend> trends) override {
    trends_ = std::move(trends);
    return true;
  }
  bool ShowReferences(std::vector<RunFolder> references) override {
    references_ = std::move(references);
    return true;
  }

 private:
  std::vector<Trend> trends_;
  std::vector<RunFolder> references_;
};

}  // namespace

HtmlPage::HtmlPage(std::span<const RunFolder> of_runs)
    : runs(of_runs), labels(RunLabels(runs)), style(runs) {
  for (const RunFolder& run : runs) counts.push_back(CountRun(run));
}

void HtmlPage::Open(const std::string& id, const std::string& title) {
  html += fmt::format(
      "<section id=\"{0}\" aria-labelledby=\"{0}-h\">\n"
      "<h2 id=\"{0}-h\">{1}</h2>\n",
      id, title);
}

std::string HtmlPage::RunPrefix(std::size_t run) const {
  return runs.size() > 1 ? labels[run] + ": " : "";
}

std::size_t HtmlPage::Total(std::size_t RunSummaryCounts::*count) const {
  std::size_t total = 0;
  for (const RunSummaryCounts& of_run : counts) total += of_run.*count;
  return total;
}

std::string Element(std::string_view tag, const std::string& text) {
  return fmt::format("<{0}>{1}</{0}>", tag, EscapeHtml(text));
}

std::unique_ptr<Exporter> MakeHtml() {
  return std::make_unique<HtmlExporter>();
}

}  // namespace eyechart::reports
