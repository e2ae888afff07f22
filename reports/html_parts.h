// The parts of the HTML page that html.cc puts together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/acuity.h"
#include "reports/comparison.h"
#include "reports/detections.h"
#include "reports/display.h"
#include "reports/gallery.h"
#include "reports/latency.h"
#include "reports/line_plot.h"
#include "reports/low_data.h"
#include "reports/methods.h"
#include "reports/nms_sweep.h"
#include "reports/pareto.h"
#include "reports/patterns.h"
#include "reports/probes.h"
#include "reports/resolution_curve.h"
#include "reports/roofline.h"
#include "reports/trend.h"

namespace eyechart::reports {

/// Pairs of one gallery that the page shows; the rest stay in the run folder.
inline constexpr std::size_t kMaxGalleryPairs = 24;

/// Failures, or notes, that the page lists; the record table has them all.
inline constexpr std::size_t kMaxMessages = 200;

/// The page while it is written, with all that its sections show.
struct HtmlPage {
  explicit HtmlPage(std::span<const RunFolder> of_runs);

  /// Opens a section with its heading; the caller closes it.
  void Open(const std::string& id, const std::string& title);
  /// "label: " where there are several runs, else nothing.
  std::string RunPrefix(std::size_t run) const;
  /// The sum of one of the counts over the runs.
  std::size_t Total(std::size_t RunSummaryCounts::*count) const;

  std::span<const RunFolder> runs;
  std::vector<std::string> labels;  // by run
  NumberStyle style;
  std::vector<RunSummaryCounts> counts;  // by run
  std::vector<MetricNote> metrics = MetricsUsed(runs);
  std::vector<TaskTable> tables = MakeTaskTables(runs, /*patterns=*/false);
  std::vector<Gallery> galleries = ReadGalleries(runs);
  std::vector<AcuityCurve> acuities = ReadAcuities(runs);
  std::vector<PatternTable> patterns = MakePatternTables(runs);
  std::vector<ProbeTable> probes = MakeProbeTables(runs);
  std::vector<DetectionTable> detections = MakeDetectionTables(runs);
  std::vector<LowDataCurve> low_data = MakeLowDataCurves(runs);
  std::vector<LatencyRow> latencies = MakeLatencyRows(runs);
  std::vector<ResolutionCurve> resolution_curves = MakeResolutionCurves(runs);
  std::vector<NmsSweepGroup> nms_sweeps = MakeNmsSweeps(runs);
  std::vector<ParetoPicture> paretos = MakeParetoPictures(runs);
  std::vector<RooflineChart> rooflines = ReadRooflines(runs);
  std::vector<BatchCurveChart> batch_curves = ReadBatchCurves(runs);
  std::vector<std::pair<std::size_t, std::string>> missing = MissingCells(runs);
  std::string html;
  std::vector<Trend> trends;  // of a history, where one is given
  bool has_references = false;
};

/// An element without attributes; `text` is escaped.
std::string Element(std::string_view tag, const std::string& text);

/// The sections, each appended to the page.
void WriteSummary(HtmlPage& page);
void WriteFailures(HtmlPage& page);
void WriteResults(HtmlPage& page);
void WritePatterns(HtmlPage& page);
void WriteProbes(HtmlPage& page);
void WriteDetections(HtmlPage& page);
void WriteLowData(HtmlPage& page);
void WriteLatency(HtmlPage& page);
void WriteResolutionCurves(HtmlPage& page);
void WriteNmsSweeps(HtmlPage& page);
void WritePareto(HtmlPage& page);
void WriteRoofline(HtmlPage& page);
void WriteAcuity(HtmlPage& page);
void WriteCells(HtmlPage& page);
void WriteEnvironment(HtmlPage& page);
void WriteMethods(HtmlPage& page);

/// The page's style sheet and its script, without their elements.
std::string_view PageStyle();
std::string PageScript();

/// The end of the script, which draws the table of records with what
/// PageScript() defines before it.
std::string_view RecordScript();

/// Every record of the runs as one JSON object that may stand inside a
/// <script> element. A column holds each distinct value once:
///   {"columns": [{"name", "values": [...], "index": [row -> value]|absent,
///                 "shown": bool}], "rows": N, "shares": [metric...]}
/// A setting is a column of its own, "setting KEY", null where a cell lacks it.
/// Without an index, one value stands for all rows and N values for a row each.
/// `shown` marks what the table shows: value and metric, and of the others the
/// ones that vary; the rest stands in each record's details.
std::string RecordData(std::span<const RunFolder> runs,
                       const std::vector<std::string>& labels);

/// The pairs of one gallery as pictures; `heading` is escaped here.
std::string GalleryHtml(const Gallery& gallery, const std::string& heading);

}  // namespace eyechart::reports
