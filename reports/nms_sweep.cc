#include "reports/nms_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "reports/json_member.h"
#include "reports/markdown_parts.h"
#include "reports/validity.h"

namespace eyechart::reports {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr std::string_view kNoNms = "\u2014";

const Json& Object(const Json& parent,
                   const char* key,
                   const std::string& source) {
  const Json& object = Member(parent, key, source);
  EYECHART_REQUIRE(object.is_object(), "{}: \"{}\" should be an object", source,
                   key);
  return object;
}

const Json& List(const Json& parent,
                 const char* key,
                 const std::string& source) {
  const Json& list = Member(parent, key, source);
  EYECHART_REQUIRE(list.is_array(), "{}: \"{}\" should be a list", source, key);
  for (const Json& one : list)
    EYECHART_REQUIRE(one.is_object(), "{}: \"{}\" should hold objects", source,
                     key);
  return list;
}

std::optional<Interval> ReadSweepInterval(const Json& parent,
                                          const char* key,
                                          double unit,
                                          const std::string& source) {
  const Json& ci = Member(parent, key, source);
  if (ci.is_null()) return std::nullopt;
  EYECHART_REQUIRE(ci.is_object(), "{}: \"{}\" should be an object", source,
                   key);
  return Interval{JsonGet<double>(ci, "low", source) / unit,
                  JsonGet<double>(ci, "high", source) / unit,
                  JsonGet<double>(ci, "level", source),
                  JsonGet<std::string>(ci, "method", source)};
}

SweepTime ReadTime(const Json& json, const std::string& source) {
  SweepTime time;
  const Json& median = Object(json, "median", source);
  if (const auto ns = JsonGetMaybe<double>(median, "value", source))
    time.median_ms = *ns / kNsPerMs;
  time.ci = ReadSweepInterval(median, "ci", kNsPerMs, source);
  time.mean_ms = JsonGet<double>(json, "mean", source) / kNsPerMs;
  return time;
}

SweepRow ReadSweepRow(const Json& json, const std::string& source) {
  SweepRow row;
  row.confidence = JsonGet<double>(json, "confidence", source);
  row.iou = JsonGetMaybe<double>(json, "iou", source);
  const Json& before = Object(json, "boxes_before", source);
  row.before_mean = JsonGet<double>(before, "mean", source);
  row.before_most = JsonGet<std::int64_t>(before, "most", source);
  const Json& after = Object(json, "boxes_after", source);
  row.after_mean = JsonGet<double>(after, "mean", source);
  row.after_most = JsonGet<std::int64_t>(after, "most", source);
  row.nms = ReadTime(Object(json, "nms_ns", source), source);
  row.total = ReadTime(Object(json, "total_ns", source), source);
  row.share = JsonGet<double>(json, "nms_share", source);
  row.ap = JsonGetMaybe<double>(json, "AP", source);
  row.ap50 = JsonGetMaybe<double>(json, "AP50", source);
  row.ap_ci = ReadSweepInterval(json, "ap_ci", 1, source);
  return row;
}

// A point is [boxes, ns].
std::vector<std::pair<double, double>> ReadCostPoints(
    const Json& cost, const std::string& source) {
  const auto found = cost.find("points");
  if (found == cost.end()) return {};
  EYECHART_REQUIRE(found->is_array(), "{}: \"points\" should be a list",
                   source);
  std::vector<std::pair<double, double>> points;
  for (const Json& one : *found) {
    EYECHART_REQUIRE(one.is_array() && one.size() == 2 && one[0].is_number() &&
                         one[1].is_number(),
                     "{}: \"points\" should hold pairs of boxes and ns",
                     source);
    points.emplace_back(one[0].get<double>(), one[1].get<double>());
  }
  return points;
}

std::optional<SweepCost> ReadCost(const Json& json, const std::string& source) {
  if (Member(json, "cost", source).is_null()) return std::nullopt;
  const Json& cost = Object(json, "cost", source);
  const auto figure = [&](const char* key) {
    return JsonGet<double>(Object(cost, key, source), "value", source);
  };
  SweepCost made;
  made.constant = figure("constant_ns");
  made.linear = figure("linear_ns");
  made.quadratic = figure("quadratic_ns");
  made.residual = JsonGet<double>(cost, "residual_ns", source);
  made.most_boxes = JsonGet<double>(cost, "most_boxes", source);
  made.points = ReadCostPoints(cost, source);
  if (Member(cost, "as_long_as_head", source).is_null()) return made;
  const Json& as_head = Object(cost, "as_long_as_head", source);
  made.as_head = JsonGet<double>(as_head, "value", source);
  const Json& ci = Member(as_head, "ci", source);
  if (ci.is_null()) return made;
  EYECHART_REQUIRE(ci.is_object(), "{}: \"ci\" should be an object", source);
  made.as_head_low = JsonGetMaybe<double>(ci, "low", source);
  made.as_head_high = JsonGetMaybe<double>(ci, "high", source);
  return made;
}

std::size_t ReadPlace(const Json& json,
                      const char* key,
                      std::size_t rows,
                      const std::string& source) {
  const auto place = JsonGet<std::uint64_t>(json, key, source);
  EYECHART_REQUIRE(place < rows, "{}: \"{}\" is {}, there are {} rows", source,
                   key, place, rows);
  return place;
}

NmsSweepTable ReadTable(const Json& json, const std::string& source) {
  NmsSweepTable table;
  table.head = JsonGet<std::string>(json, "head", source);
  table.needs_nms = JsonGet<bool>(json, "needs_nms", source);
  table.pictures = JsonGet<std::int64_t>(json, "pictures", source);
  for (const Json& stage : List(json, "stages_ns", source))
    table.stages.emplace_back(JsonGet<std::string>(stage, "name", source),
                              ReadTime(stage, source));
  table.rest = ReadTime(Object(json, "rest_ns", source), source);
  for (const Json& row : List(json, "rows", source))
    table.rows.push_back(ReadSweepRow(row, source));
  table.best = ReadPlace(json, "best", table.rows.size(), source);
  table.fastest = ReadPlace(json, "fastest", table.rows.size(), source);
  table.margin =
      JsonGet<double>(Object(json, "options", source), "margin", source);
  table.cost = ReadCost(json, source);
  table.invalid = ReadInvalidity(json, source);
  return table;
}

std::string Percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", 100 * *value) : std::string(kNoNms);
}

std::string Ms(const std::optional<double>& value) {
  return value ? fmt::format("{:.4g}", *value) : std::string(kNoNms);
}

std::string MsWithInterval(const SweepTime& time) {
  std::string text = Ms(time.median_ms);
  if (time.ci)
    text += fmt::format(" [{:.4g}, {:.4g}]", time.ci->low, time.ci->high);
  return text;
}

}  // namespace

std::vector<NmsSweepGroup> MakeNmsSweeps(std::span<const RunFolder> runs) {
  std::vector<NmsSweepGroup> groups;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    std::vector<std::string> known;
    for (const Record& record : runs[run].records) {
      const auto found = runs[run].nms_sweeps.find(record.cell);
      if (found == runs[run].nms_sweeps.end() ||
          std::find(known.begin(), known.end(), record.cell) != known.end())
        continue;  // no sweep, or another metric of the same cell
      known.push_back(record.cell);
      NmsSweepTable table = ReadTable(
          found->second,
          fmt::format("{}: nms_sweep.json of {}", runs[run].name, record.cell));
      table.run = run;
      table.cell = record.cell;
      table.encoder = record.encoder;
      auto group = std::find_if(groups.begin(), groups.end(),
                                [&](const NmsSweepGroup& one) {
                                  return one.dataset == record.dataset;
                                });
      if (group == groups.end()) {
        groups.push_back({record.dataset, {}});
        group = groups.end() - 1;
      }
      group->tables.push_back(std::move(table));
    }
  }
  return groups;
}

std::string SweepThresholds(const SweepRow& row) {
  return FormatDouble(row.confidence) + ", " +
         (row.iou ? FormatDouble(*row.iou) : "no NMS");
}

std::string SweepMark(const NmsSweepTable& table, std::size_t row) {
  std::string mark = row == table.best ? "best AP" : "";
  if (row == table.fastest)
    mark += fmt::format("{}fastest within {:g} AP", mark.empty() ? "" : ", ",
                        100 * table.margin);
  return mark;
}

std::string SweepCostSentence(const NmsSweepTable& table) {
  if (!table.cost) return "";
  const SweepCost& cost = *table.cost;
  std::string text = fmt::format(
      "Suppression takes about {:.3g} {} {:.3g} n {} {:.3g} n\u00b2 "
      "\u00b5s of n boxes (root mean square residual {:.3g} \u00b5s, up to "
      "{:.0f} boxes)",
      cost.constant / 1e3, cost.linear < 0 ? "\u2212" : "+",
      std::abs(cost.linear) / 1e3, cost.quadratic < 0 ? "\u2212" : "+",
      std::abs(cost.quadratic) / 1e3, cost.residual / 1e3, cost.most_boxes);
  const char* other = SweepHeadName(table);
  if (!cost.as_head)
    return text + fmt::format("; it never takes as long as the {}.", other);
  text += fmt::format("; it takes as long as the {} at {:.0f} boxes", other,
                      *cost.as_head);
  if (cost.as_head_low)
    text += fmt::format(" [{:.0f}, {}]", *cost.as_head_low,
                        cost.as_head_high
                            ? fmt::format("{:.0f}", *cost.as_head_high)
                            : "no end");
  if (*cost.as_head > cost.most_boxes) text += ", beyond what was measured";
  return text + ".";
}

double SweepCostMs(const SweepCost& cost, double boxes) {
  return (cost.constant + boxes * (cost.linear + boxes * cost.quadratic)) /
         kNsPerMs;
}

const char* SweepHeadName(const NmsSweepTable& table) {
  return table.head == "exported" ? "program" : "head";
}

std::optional<double> SweepHeadMs(const NmsSweepTable& table) {
  // The last stage before suppression, as the sweep itself takes it.
  return table.stages.empty() ? std::nullopt
                              : table.stages.back().second.median_ms;
}

std::string SweepInvalidity(const NmsSweepTable& table) {
  return InvalidityText(table.invalid);
}

std::string NmsSweepMarkdown(std::span<const RunFolder> runs,
                             const std::vector<std::string>& labels) {
  const std::vector<NmsSweepGroup> groups = MakeNmsSweeps(runs);
  if (groups.empty()) return "";
  std::string text = "## NMS included\n\n";
  for (const NmsSweepGroup& group : groups)
    for (const NmsSweepTable& table : group.tables) {
      text += fmt::format(
          "{}{}, {} head, on {}: {} pictures, {} ms a picture without NMS.\n\n",
          runs.size() > 1 ? EscapeMarkdown(labels[table.run]) + ": " : "",
          EscapeMarkdown(table.encoder), EscapeMarkdown(table.head),
          EscapeMarkdown(group.dataset), table.pictures,
          MsWithInterval(table.rest));
      if (const std::string invalid = SweepInvalidity(table); !invalid.empty())
        text += EscapeMarkdown("The times are " + invalid) + ".\n\n";
      text += TableHead(
          {"confidence", "IoU", "", "boxes in (most)", "boxes out (most)",
           "NMS ms", "end to end ms", "NMS share", "AP", "AP50"},
          3);
      for (std::size_t i = 0; i < table.rows.size(); ++i) {
        const SweepRow& row = table.rows[i];
        text += TableLine(
            {FormatDouble(row.confidence),
             row.iou ? FormatDouble(*row.iou) : "no NMS", SweepMark(table, i),
             fmt::format("{:.1f} ({})", row.before_mean, row.before_most),
             fmt::format("{:.1f} ({})", row.after_mean, row.after_most),
             MsWithInterval(row.nms), MsWithInterval(row.total),
             fmt::format("{:.1f}%", 100 * row.share), Percent(row.ap),
             Percent(row.ap50)});
      }
      text += "\n";
      const std::string cost = SweepCostSentence(table);
      if (!cost.empty()) text += cost + "\n\n";
    }
  return text;
}

}  // namespace eyechart::reports
