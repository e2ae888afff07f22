#include "reports/resolution_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/text.h"
#include "reports/display.h"
#include "reports/latency.h"
#include "reports/markdown_parts.h"
#include "reports/pareto.h"

namespace eyechart::reports {
namespace {

constexpr const char* kResolutionKey = "resolution";
constexpr std::size_t kWeightDigits = 8;  // of a SHA-256

// What a latency to boxes is of, besides the model: its head, and where that
// begins and ends. A command's flags stand with '-' beside them.
constexpr std::array<std::string_view, 3> kTimedHead = {
    "detector", "detector_cell", "detector_sha256"};
constexpr std::array<std::string_view, 7> kTimedThresholds = {
    "before_nms",  "max_boxes", "min_score", "nms",
    "nms_classes", "nms_iou",   "nms_sigma"};

// A key in a suite's spelling, whatever its own.
std::string SuiteKey(std::string_view key) {
  std::string text(key);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

bool IsOneOf(std::string_view key, std::span<const std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), SuiteKey(key)) != keys.end();
}

std::string SettingAt(const Record& record, std::string_view key) {
  const auto found = record.setting.find(std::string(key));
  return found == record.setting.end() ? std::string() : found->second;
}

void AddPart(std::string& text, const std::string& part) {
  if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
}

// The detect cell of a head, without its encoder and the resolution, which may
// stand in it: each resolution has a head of its own.
std::string HeadCell(const std::string& cell) {
  const std::size_t begin = cell.find('/') + 1;  // 0 without one
  const std::size_t end = cell.rfind('/') + 1;
  if (end <= begin) return cell;
  std::string kept;
  std::string_view rest = std::string_view(cell).substr(end);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (!part.starts_with("resolution="))
      kept += (kept.empty() ? "" : ",") + std::string(part);
  }
  return cell.substr(begin, end - begin) + (kept.empty() ? "default" : kept);
}

std::string TimedModel(const Record& record) {
  std::string text = ModelSetting(record, kResolutionKey);
  // Each resolution of a cell has weights of its own: the cell is what a line
  // has in common.
  const std::string cell = SettingAt(record, "detector_cell");
  const std::string weights = SettingAt(record, "detector_sha256");
  if (!cell.empty())
    AddPart(text, "head of " + HeadCell(cell));
  else if (!weights.empty())
    AddPart(text, "head " + weights.substr(0, kWeightDigits));
  else if (!SettingAt(record, "detector").empty())
    AddPart(text, "with a detector");
  return text;
}

std::string BoxThresholdText(const Record& record) {
  std::string text;
  for (const std::string_view key : kTimedThresholds) {
    // A suite's spelling is of what was done, a command's of what was asked.
    std::string value = SettingAt(record, key);
    for (const auto& [own, asked] : record.setting)
      if (value.empty() && SuiteKey(own) == key) value = asked;
    if (!value.empty()) AddPart(text, std::string(key) + "=" + value);
  }
  return text;
}

// Data set and all settings that are of the measurement, not of the model.
std::string HowTimed(const Record& record) {
  std::string text = record.dataset;
  for (const auto& [key, value] : record.setting)
    if (!IsModelKey(key) && !IsOneOf(key, kTimedHead) &&
        !IsOneOf(key, kTimedThresholds))
      AddPart(text, key + "=" + value);
  return text;
}

// What a run says of its machine; empty: nothing.
std::string MachineText(const RunFolder& run) {
  if (!run.environment.is_object()) return "";
  Json said = Json::object();
  for (const char* key : {"cpu", "device", "gpus", "threads"})
    if (const auto found = run.environment.find(key);
        found != run.environment.end())
      said[key] = *found;
  return said.empty() ? "" : said.dump();
}

bool HasSeveralSides(const std::vector<ResolutionPoint>& points) {
  return std::any_of(points.begin(), points.end(),
                     [&](const ResolutionPoint& point) {
                       return point.side != points.front().side;
                     });
}

// The points of one model, whatever their run.
struct TimedPoints {
  std::string timed, encoder, model;
  std::string closer;  // thresholds and weights, which seldom tell lines apart
  std::vector<ResolutionPoint> points;  // in the order of the runs
};

std::vector<TimedPoints> CollectPoints(std::span<const RunFolder> runs) {
  std::vector<TimedPoints> groups;
  std::map<std::tuple<std::string, std::string, std::string, std::string>,
           std::size_t>
      places;
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const Record& record : runs[run].records) {
      if (record.task != "bench" || record.metric != "latency_median" ||
          record.status != RecordStatus::kOk || !record.value)
        continue;
      const std::string resolution = SettingAt(record, kResolutionKey);
      const std::optional<double> side = ResolutionSide(resolution);
      if (!side) continue;
      std::string closer = BoxThresholdText(record);
      if (!record.weights_sha256.empty())
        AddPart(closer,
                "weights " + record.weights_sha256.substr(0, kWeightDigits));
      TimedPoints group{HowTimed(record),
                        record.encoder,
                        TimedModel(record),
                        std::move(closer),
                        {}};
      const auto [place, made] = places.try_emplace(
          {group.timed, group.encoder, group.model, group.closer},
          groups.size());
      if (made) groups.push_back(std::move(group));
      groups[place->second].points.push_back(
          {run, resolution, *side, LatencyMs(record), LatencyIntervalMs(record),
           InvalidReason(record)});
    }
  return groups;
}

// "2nd time", "3rd time", "11th time".
std::string NthTime(std::size_t n) {
  const std::size_t last = n / 10 % 10 == 1 ? 0 : n % 10;
  return fmt::format("{}{} time", n,
                     last == 1   ? "st"
                     : last == 2 ? "nd"
                     : last == 3 ? "rd"
                                 : "th");
}

// Adds the points as a line, and those of a side that it has already as one
// more: a line through both would stand upright and join two measurements.
void AddLinesOf(const TimedPoints& group,
                std::optional<std::size_t> run,
                const std::vector<ResolutionPoint>& points,
                std::vector<ResolutionLine>& lines) {
  std::map<double, std::size_t> times;  // by side
  const std::size_t first = lines.size();
  for (const ResolutionPoint& point : points) {
    const std::size_t time = times[point.side]++;
    if (first + time == lines.size()) {
      lines.push_back({group.encoder, group.model, run, {}});
      if (time > 0) AddPart(lines.back().model, NthTime(time + 1));
    }
    lines[first + time].points.push_back(point);
  }
}

// A line a run, and one of the runs of a machine that have a resolution each.
std::vector<ResolutionLine> ModelLinesOf(const TimedPoints& group,
                                         std::span<const RunFolder> runs) {
  std::map<std::size_t, std::vector<ResolutionPoint>> by_run;
  for (const ResolutionPoint& point : group.points)
    by_run[point.run].push_back(point);
  std::vector<ResolutionLine> lines;
  std::map<std::string, std::vector<ResolutionPoint>> by_machine;
  for (const auto& [run, points] : by_run) {
    if (HasSeveralSides(points)) {
      AddLinesOf(group, run, points, lines);
      continue;
    }
    const std::string machine = MachineText(runs[run]);
    if (machine.empty()) continue;
    std::vector<ResolutionPoint>& joined = by_machine[machine];
    joined.insert(joined.end(), points.begin(), points.end());
  }
  for (const auto& [machine, points] : by_machine)
    if (HasSeveralSides(points)) AddLinesOf(group, std::nullopt, points, lines);
  for (ResolutionLine& line : lines)
    std::stable_sort(line.points.begin(), line.points.end(),
                     [](const ResolutionPoint& a, const ResolutionPoint& b) {
                       return a.side < b.side;
                     });
  return lines;
}

}  // namespace

std::optional<double> ResolutionSide(std::string_view resolution) {
  const std::size_t cross = resolution.find('x');
  const auto height = ParseInt(resolution.substr(0, cross));
  const auto width = cross == std::string_view::npos
                         ? height
                         : ParseInt(resolution.substr(cross + 1));
  if (!height || !width || *height <= 0 || *width <= 0) return std::nullopt;
  return std::sqrt(static_cast<double>(*height) * static_cast<double>(*width));
}

std::vector<ResolutionCurve> MakeResolutionCurves(
    std::span<const RunFolder> runs) {
  std::vector<ResolutionCurve> curves;
  std::map<std::string, std::size_t> places;
  // Lines that were called alike: what they are told apart by.
  std::map<std::tuple<std::string, std::string, std::string>,
           std::set<std::string>>
      closer;
  const std::vector<TimedPoints> groups = CollectPoints(runs);
  std::vector<std::pair<const TimedPoints*, std::vector<ResolutionLine>>> made;
  for (const TimedPoints& group : groups) {
    made.emplace_back(&group, ModelLinesOf(group, runs));
    if (!made.back().second.empty())
      closer[{group.timed, group.encoder, group.model}].insert(group.closer);
  }
  for (auto& [group, lines] : made)
    for (ResolutionLine& line : lines) {
      if (closer[{group->timed, group->encoder, group->model}].size() > 1)
        AddPart(line.model, group->closer);
      const auto [place, is_new] =
          places.try_emplace(group->timed, curves.size());
      if (is_new) curves.push_back({group->timed, {}});
      curves[place->second].lines.push_back(std::move(line));
    }
  return curves;
}

std::string ResolutionLineName(const ResolutionLine& line) {
  return line.model.empty() ? line.encoder
                            : line.encoder + " (" + line.model + ")";
}

std::string ResolutionMarkdown(std::span<const RunFolder> runs,
                               const std::vector<std::string>& labels) {
  const std::vector<ResolutionCurve> curves = MakeResolutionCurves(runs);
  if (curves.empty()) return "";
  std::string text = "## Latency against resolution\n\n";
  for (const ResolutionCurve& curve : curves) {
    text += EscapeMarkdown(curve.timed) + "\n\n";
    text += TableHead({"encoder", "valid", "resolution", "median ms"}, 2);
    for (const ResolutionLine& line : curve.lines)
      for (const ResolutionPoint& point : line.points) {
        const std::string prefix =
            runs.size() > 1 ? labels[point.run] + ": " : "";
        std::string ms = FormatNumber(point.median_ms);
        if (point.ci)
          ms += fmt::format(" [{}, {}]", FormatNumber(point.ci->low),
                            FormatNumber(point.ci->high));
        text += TableLine({EscapeMarkdown(prefix + ResolutionLineName(line)),
                           point.invalid.empty()
                               ? "yes"
                               : "no: " + EscapeMarkdown(point.invalid),
                           EscapeMarkdown(point.resolution), ms});
      }
    text += "\n";
  }
  return text;
}

}  // namespace eyechart::reports
