#include "reports/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "reports/display.h"
#include "reports/json_member.h"
#include "reports/markdown_parts.h"
#include "reports/validity.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// Every file of that name under artifacts/, by path.
std::vector<fs::path> ArtifactsCalled(const RunFolder& run, const char* name) {
  std::vector<fs::path> found;
  if (run.path.empty()) return found;
  const fs::path artifacts = run.path / "artifacts";
  if (!fs::is_directory(artifacts)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(artifacts))
    if (entry.path().filename() == name && entry.is_regular_file())
      found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

// A number that can stand on a logarithmic axis.
double Positive(const Json& object,
                const char* key,
                const std::string& source) {
  const auto value = JsonGet<double>(object, key, source);
  EYECHART_REQUIRE(value > 0, "{}: \"{}\" is {}, should be above 0", source,
                   key, value);
  return value;
}

const Json& ListOf(const Json& object,
                   const char* key,
                   const std::string& source) {
  const Json& list = Member(object, key, source);
  EYECHART_REQUIRE(list.is_array(), "{}: \"{}\" should be a list", source, key);
  for (const Json& one : list)
    EYECHART_REQUIRE(one.is_object(), "{}: \"{}\" should hold objects", source,
                     key);
  return list;
}

Json ReadArtifact(const fs::path& path) {
  Json json = ReadJsonFile(path);
  const std::string source = path.string();
  EYECHART_REQUIRE(json.is_object(), "{}: should be a JSON object", source);
  const auto schema = JsonGet<int>(json, "schema", source);
  EYECHART_REQUIRE(schema == 1, "{}: schema {}; this build reads 1", source,
                   schema);
  return json;
}

RooflineMark ReadMark(const Json& json,
                      const std::vector<RooflineRoof>& roofs,
                      const std::string& source) {
  RooflineMark mark;
  mark.encoder = JsonGet<std::string>(json, "encoder", source);
  mark.setting = JsonGetOr<std::string>(json, "setting", "", source);
  mark.dtype = JsonGet<std::string>(json, "dtype", source);
  EYECHART_REQUIRE(
      std::ranges::find(roofs, mark.dtype, &RooflineRoof::dtype) != roofs.end(),
      "{}: {} is in {}, of which \"products\" has no roof", source,
      mark.encoder, mark.dtype);
  mark.batch = JsonGet<std::int64_t>(json, "batch", source);
  mark.seconds = Positive(json, "seconds", source);
  mark.gflops = Positive(json, "gflops", source);
  mark.intensity = JsonGetMaybe<double>(json, "intensity", source);
  EYECHART_REQUIRE(!mark.intensity || *mark.intensity > 0,
                   "{}: \"intensity\" is {}, should be above 0", source,
                   mark.intensity.value_or(0));
  mark.attainable = Positive(json, "attainable_gflops", source);
  mark.share = Positive(json, "share", source);
  mark.bound = JsonGet<std::string>(json, "bound", source);
  return mark;
}

RooflineChart ReadChart(const fs::path& path) {
  const Json json = ReadArtifact(path);
  const std::string source = path.string();
  RooflineChart chart;
  chart.device = JsonGet<std::string>(json, "device", source);
  chart.threads = JsonGetOr<std::int64_t>(json, "threads", 0, source);
  chart.gbps =
      Positive(Member(json, "copy", source), "gbps", source + ": copy");
  for (const Json& one : ListOf(json, "products", source))
    chart.roofs.push_back({JsonGet<std::string>(one, "dtype", source),
                           Positive(one, "gflops", source),
                           JsonGet<std::string>(one, "kernel", source)});
  EYECHART_REQUIRE(!chart.roofs.empty(),
                   "{}: \"products\" should have a roof at least", source);
  for (const Json& one : ListOf(json, "points", source))
    chart.marks.push_back(ReadMark(one, chart.roofs, source));
  chart.invalid = ReadInvalidity(json, source);
  return chart;
}

BatchCurveChart ReadRooflineCurve(const fs::path& path) {
  const Json json = ReadArtifact(path);
  const std::string source = path.string();
  BatchCurveChart curve;
  curve.encoder = JsonGet<std::string>(json, "encoder", source);
  curve.setting = JsonGetOr<std::string>(json, "setting", "", source);
  curve.dtype = JsonGet<std::string>(json, "dtype", source);
  curve.device = JsonGet<std::string>(json, "device", source);
  curve.unit = JsonGet<std::string>(json, "unit", source);
  curve.share = Positive(json, "share", source);
  for (const Json& one : ListOf(json, "points", source))
    curve.points.push_back({Positive(one, "batch", source),
                            Positive(one, "throughput", source),
                            JsonGetMaybe<double>(one, "low", source),
                            JsonGetMaybe<double>(one, "high", source)});
  EYECHART_REQUIRE(!curve.points.empty(), "{}: \"points\" should have some",
                   source);
  std::ranges::sort(curve.points, {}, &BatchCurveChart::Point::batch);
  const Json& best = Member(json, "best", source);
  curve.best_batch = Positive(best, "batch", source + ": best");
  curve.best = Positive(best, "throughput", source + ": best");
  const Json& knee = Member(json, "knee", source);
  curve.knee = Positive(knee, "batch", source + ": knee");
  curve.from = Positive(knee, "from", source + ": knee");
  curve.to = Positive(knee, "to", source + ": knee");
  curve.invalid = ReadInvalidity(json, source);
  return curve;
}

// "vit", "vit, resolution 448".
std::string WithRooflineSetting(const std::string& encoder,
                                const std::string& setting) {
  return setting.empty() ? encoder : encoder + ", " + setting;
}

// A paragraph of its own; empty where the times are valid.
std::string InvalidSentence(const std::vector<std::string>& reasons) {
  const std::string text = InvalidityText(reasons);
  return text.empty() ? text
                      : EscapeMarkdown("The times are " + text) + ".\n\n";
}

std::string RooflineChartMarkdown(const RooflineChart& chart,
                                  const std::string& prefix) {
  std::string text =
      EscapeMarkdown(prefix + "roofline of " + RooflineName(chart)) + "\n\n" +
      InvalidSentence(chart.invalid);
  text += fmt::format("Copying {} GB/s", FormatNumber(chart.gbps));
  for (const RooflineRoof& roof : chart.roofs)
    text += EscapeMarkdown(fmt::format("; products in {} {} GFLOP/s ({})",
                                       roof.dtype, FormatNumber(roof.gflops),
                                       roof.kernel));
  text += ".\n\n" + TableHead({"encoder", "bound by", "GFLOP/s",
                               "of what is attainable", "operations a byte"},
                              2);
  for (const RooflineMark& mark : chart.marks)
    text += TableLine(
        {EscapeMarkdown(RooflineMarkName(mark)), EscapeMarkdown(mark.bound),
         FormatNumber(mark.gflops), FormatPercent(mark.share),
         mark.intensity ? FormatNumber(*mark.intensity) : "\u2014"});
  return text + "\n";
}

std::string BatchCurveMarkdown(const BatchCurveChart& curve,
                               const std::string& prefix) {
  std::string text =
      EscapeMarkdown(fmt::format("{}throughput against batch of {}: knee at "
                                 "{}, best {} {} at batch {:g}",
                                 prefix, BatchCurveName(curve), KneeText(curve),
                                 FormatNumber(curve.best), curve.unit,
                                 curve.best_batch)) +
      "\n\n" + InvalidSentence(curve.invalid);
  text += TableHead({"batch", EscapeMarkdown(curve.unit)}, 0);
  for (const BatchCurveChart::Point& point : curve.points) {
    std::string value = FormatNumber(point.throughput);
    if (point.low && point.high)
      value += fmt::format(" [{}, {}]", FormatNumber(*point.low),
                           FormatNumber(*point.high));
    text += TableLine({fmt::format("{:g}", point.batch), value});
  }
  return text + "\n";
}

}  // namespace

std::vector<RooflineChart> ReadRooflines(std::span<const RunFolder> runs) {
  std::vector<RooflineChart> charts;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const fs::path& path : ArtifactsCalled(runs[run], "roofline.json")) {
      charts.push_back(ReadChart(path));
      charts.back().run = run;
    }
  }
  return charts;
}

std::vector<BatchCurveChart> ReadBatchCurves(std::span<const RunFolder> runs) {
  std::vector<BatchCurveChart> curves;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const fs::path& path :
         ArtifactsCalled(runs[run], "batch_curve.json")) {
      curves.push_back(ReadRooflineCurve(path));
      curves.back().run = run;
    }
  }
  return curves;
}

std::string KneeText(const BatchCurveChart& curve) {
  std::string text = fmt::format("batch {:g}", curve.knee);
  if (curve.from != curve.knee || curve.to != curve.knee)
    text += fmt::format(" ({:g} to {:g})", curve.from, curve.to);
  return text;
}

std::string RooflineName(const RooflineChart& chart) {
  if (chart.threads == 0) return chart.device;
  return fmt::format("{}, {}", chart.device,
                     chart.threads == 1
                         ? "1 thread"
                         : fmt::format("{} threads", chart.threads));
}

std::string RooflineMarkName(const RooflineMark& mark) {
  return fmt::format("{}, {}, batch {}",
                     WithRooflineSetting(mark.encoder, mark.setting),
                     mark.dtype, mark.batch);
}

std::string BatchCurveName(const BatchCurveChart& curve) {
  return fmt::format("{}, {}, {}",
                     WithRooflineSetting(curve.encoder, curve.setting),
                     curve.dtype, curve.device);
}

std::string RooflineMarkdown(std::span<const RunFolder> runs,
                             const std::vector<std::string>& labels) {
  std::string text;
  const auto prefix = [&](std::size_t run) {
    return runs.size() > 1 ? labels[run] + ": " : std::string();
  };
  for (const RooflineChart& chart : ReadRooflines(runs))
    text += RooflineChartMarkdown(chart, prefix(chart.run));
  for (const BatchCurveChart& curve : ReadBatchCurves(runs))
    text += BatchCurveMarkdown(curve, prefix(curve.run));
  return text.empty() ? text : "## What the machine could do\n\n" + text;
}

}  // namespace eyechart::reports
