#include "reports/acuity.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "reports/json_member.h"

namespace eyechart::reports {
namespace {

AcuityCurve::Point ReadPoint(const Json& json, const std::string& source) {
  AcuityCurve::Point point;
  point.strength = JsonGet<double>(json, "strength", source);
  const auto trials = JsonGet<double>(json, "trials", source);
  EYECHART_REQUIRE(point.strength > 0 && trials > 0,
                   "{}: a point's strength and trials should be above 0",
                   source);
  point.share = JsonGet<double>(json, "correct", source) / trials;
  point.low = JsonGet<double>(json, "low", source);
  point.high = JsonGet<double>(json, "high", source);
  return point;
}

AcuityCurve ReadAcuityCurve(const Json& json, const std::string& source) {
  AcuityCurve curve;
  curve.chart = JsonGet<std::string>(json, "chart", source);
  curve.unit = JsonGet<std::string>(json, "unit", source);
  curve.read_out = JsonGet<std::string>(json, "read_out", source);
  curve.target = JsonGet<double>(json, "target", source);
  const Json& points = Member(json, "points", source);
  EYECHART_REQUIRE(points.is_array() && !points.empty(),
                   "{}: \"points\" should be a list with points", source);
  for (const Json& point : points)
    curve.points.push_back(ReadPoint(point, source));
  const Json& function = Member(json, "function", source);
  curve.function.guess = JsonGet<double>(function, "guess", source);
  curve.function.lapse = JsonGet<double>(function, "lapse", source);
  curve.function.location = JsonGet<double>(function, "location", source);
  curve.function.slope = JsonGet<double>(function, "slope", source);
  const Json& threshold = Member(json, "threshold", source);
  curve.place = JsonGet<std::string>(threshold, "place", source);
  curve.threshold = JsonGetMaybe<double>(threshold, "strength", source);
  curve.low = JsonGetMaybe<double>(threshold, "low", source);
  curve.high = JsonGetMaybe<double>(threshold, "high", source);
  curve.patches = JsonGetMaybe<double>(json, "threshold_patches", source);
  return curve;
}

std::string EncoderOf(const RunFolder& run, const std::string& cell) {
  for (const Record& record : run.records)
    if (record.cell == cell) return record.encoder;
  return "";
}

}  // namespace

std::vector<AcuityCurve> ReadAcuities(std::span<const RunFolder> runs) {
  std::vector<AcuityCurve> curves;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const auto& [cell, json] : runs[run].acuities) {
      AcuityCurve curve = ReadAcuityCurve(
          json, fmt::format("{}: acuity of {}", runs[run].path.string(), cell));
      curve.run = run;
      curve.cell = cell;
      curve.encoder = EncoderOf(runs[run], cell);
      curves.push_back(std::move(curve));
    }
  }
  return curves;
}

std::string ThresholdText(const AcuityCurve& curve) {
  const auto [hardest, easiest] = std::minmax_element(
      curve.points.begin(), curve.points.end(),
      [](const auto& a, const auto& b) { return a.strength < b.strength; });
  const std::string unit = curve.unit.empty() ? "" : " " + curve.unit;
  if (!curve.threshold)
    return curve.place == "below all"
               ? fmt::format("below {:.3g}{}", hardest->strength, unit)
               : fmt::format("above {:.3g}{}", easiest->strength, unit);
  const std::string low = curve.low ? fmt::format("{:.3g}", *curve.low)
                                    : fmt::format("<{:.3g}", hardest->strength);
  const std::string high = curve.high
                               ? fmt::format("{:.3g}", *curve.high)
                               : fmt::format(">{:.3g}", easiest->strength);
  std::string text =
      fmt::format("{:.3g}{} [{}, {}]", *curve.threshold, unit, low, high);
  if (curve.patches) text += fmt::format(", {:.3g} patches", *curve.patches);
  return text;
}

}  // namespace eyechart::reports
