#include "benchmarks/nms_sweep/nms_sweep_json.h"

#include <cmath>
#include <string>

#include "benchmarks/load/load_json.h"
#include "core/files.h"
#include "core/interval_json.h"
#include "core/text.h"
#include "probes/detection/nms/suppress_boxes.h"

namespace eyechart::benchmarks {
namespace {

constexpr double kNsPerMs = 1e6;

// JSON has no infinity.
Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json ScoreJson(double value) { return value < 0 ? Json() : Json(value); }

Json TimesJson(const PictureTimes& times) {
  return {{"median", EstimateJson(times.median_ns)}, {"mean", times.mean_ns}};
}

Json CountsJson(const BoxCounts& counts) {
  return {{"mean", counts.mean}, {"most", counts.most}};
}

Json FigureJson(const CostFigure& figure) {
  return {{"value", Number(figure.value)}, {"ci", IntervalJson(figure.ci)}};
}

const char* ClassesName(detection::NmsClasses classes) {
  switch (classes) {
    case detection::NmsClasses::kAuto:
      return "auto";
    case detection::NmsClasses::kOffset:
      return "offset";
    case detection::NmsClasses::kPerClass:
      return "per class";
    case detection::NmsClasses::kAgnostic:
      return "agnostic";
  }
  return "auto";
}

Json OptionsJson(const NmsSweepOptions& options) {
  const bool gaussian =
      options.nms.semantics == detection::NmsSemantics::kSoftGaussian;
  return {{"confidences", options.confidences},
          {"ious", options.ious},
          {"before_nms", options.most},
          {"max_boxes", options.most_kept},
          {"semantics", detection::NmsSemanticsName(options.nms.semantics)},
          {"classes", ClassesName(options.nms.classes)},
          {"sigma", gaussian ? Json(options.nms.sigma) : Json()},
          {"threads", options.nms.threads},
          {"repetitions", options.repetitions},
          {"warmup", options.warmup},
          {"margin", options.margin},
          {"cost_iou", options.nms.iou_threshold},
          {"cost_pictures", options.cost_pictures},
          {"cost_boxes", options.cost_most},
          {"bootstrap", options.resamples},
          {"seed", options.seed}};
}

Json RowJson(const NmsSweepRow& row) {
  return {{"confidence", row.confidence},
          {"iou", row.iou ? Json(*row.iou) : Json()},
          {"boxes_before", CountsJson(row.before)},
          {"boxes_after", CountsJson(row.after)},
          {"nms_ns", TimesJson(row.nms)},
          {"total_ns", TimesJson(row.total)},
          {"nms_share", row.share},
          {"AP", ScoreJson(row.ap)},
          {"AP50", ScoreJson(row.ap50)},
          {"ap_ci", IntervalJson(row.ap_ci)}};
}

Json CostJson(const NmsSweep& sweep) {
  if (!sweep.cost) return {};
  const CostFit& fit = *sweep.cost;
  Json points = Json::array();
  for (const CostPoint& point : sweep.cost_points)
    points.push_back({point.boxes, point.ns});
  Json json = {{"constant_ns", FigureJson(fit.constant)},
               {"linear_ns", FigureJson(fit.linear)},
               {"quadratic_ns", FigureJson(fit.quadratic)},
               {"residual_ns", fit.residual_ns},
               {"explained", fit.explained},
               {"least_boxes", fit.least_boxes},
               {"most_boxes", fit.most_boxes},
               {"points", points}};
  json["as_long_as_head"] =
      sweep.as_long_as_head ? FigureJson(*sweep.as_long_as_head) : Json();
  return json;
}

Interval InMs(Interval ci) {
  ci.low /= kNsPerMs;
  ci.high /= kNsPerMs;
  return ci;
}

void AddScore(std::vector<Record>& records,
              Record record,
              const char* metric,
              double value,
              const std::optional<Interval>& ci) {
  SetMetric(record, metric, value);
  record.ci = ci;
  if (value < 0) {
    record.value.reset();
    record.ci.reset();
    record.message = "the set has no truth for it";
  }
  records.push_back(std::move(record));
}

void AddTimes(std::vector<Record>& records,
              Record record,
              const char* metric,
              const PictureTimes& times) {
  SetMetric(record, metric, times.median_ns.value.value_or(NAN) / kNsPerMs);
  if (times.median_ns.ci) record.ci = InMs(*times.median_ns.ci);
  records.push_back(std::move(record));
}

// What is to be said of a time: with what it was measured all the same, and why
// it is not valid, as a report's latencies look for it.
std::string OnTimes(const NmsSweep& sweep) {
  std::string allowed, invalid;
  for (const Finding& finding : sweep.findings) {
    std::string& text = finding.fatal ? invalid : allowed;
    if (text.empty())
      text = finding.fatal ? "not valid: " : "measured all the same: ";
    else
      text += "; ";
    text += finding.reason;
  }
  return allowed + (allowed.empty() || invalid.empty() ? "" : "; ") + invalid;
}

void AddRow(std::vector<Record>& records,
            const NmsSweep& sweep,
            const NmsSweepRow& row,
            Record base) {
  base.setting["head"] = sweep.head;
  base.setting["confidence"] = FormatDouble(row.confidence);
  if (row.iou) {
    const detection::NmsOptions& nms = sweep.options.nms;
    base.setting["nms"] = detection::NmsSemanticsName(nms.semantics);
    base.setting["nms_classes"] = detection::NmsClassesName(nms.classes);
    base.setting["nms_iou"] = FormatDouble(*row.iou);
    if (nms.semantics == detection::NmsSemantics::kSoftGaussian)
      base.setting["nms_sigma"] = FormatDouble(nms.sigma);
  }
  base.setting["before_nms"] = std::to_string(sweep.options.most);
  base.setting["max_boxes"] = std::to_string(sweep.options.most_kept);
  base.n = sweep.pictures;
  // Boxes and average precision are the same on a busy machine.
  Record timed = base;
  if (const std::string said = OnTimes(sweep); !said.empty())
    timed.message += (timed.message.empty() ? "" : "; ") + said;
  AddTimes(records, timed, "end_to_end_ms", row.total);
  AddTimes(records, timed, "nms_ms", row.nms);
  SetMetric(base, "boxes_before_nms", row.before.mean);
  records.push_back(base);
  SetMetric(base, "boxes_after_nms", row.after.mean);
  records.push_back(base);
  base.n = sweep.pictures + sweep.unreadable;
  AddScore(records, base, "ap", row.ap, row.ap_ci);
  AddScore(records, base, "ap50", row.ap50, std::nullopt);
}

// "a/bench/d/default" and "a/bench/d/batch=1" with more settings.
std::string CellWith(const std::string& cell, const std::string& more) {
  constexpr std::string_view kDefault = "/default";
  return cell.ends_with(kDefault)
             ? cell.substr(0, cell.size() - kDefault.size() + 1) + more
             : cell + "," + more;
}

}  // namespace

Json NmsSweepToJson(const NmsSweep& sweep) {
  Json stages = Json::array(), rows = Json::array();
  Json reasons = Json::array(), advice = Json::array();
  Json warnings = sweep.warnings;
  for (const Finding& finding : sweep.findings) {
    if (finding.fatal) {
      reasons.push_back(finding.reason);
      advice.push_back(finding.advice);
    } else {
      warnings.push_back(finding.reason + "; " + finding.advice);
    }
  }
  for (const NamedTimes& stage : sweep.stages) {
    Json json = TimesJson(stage.times);
    json["name"] = stage.stage;
    stages.push_back(std::move(json));
  }
  for (const NmsSweepRow& row : sweep.rows) rows.push_back(RowJson(row));
  return {{"schema", 1},
          {"kind", "nms-sweep"},
          {"name", sweep.name},
          {"head", sweep.head},
          {"needs_nms", sweep.needs_nms},
          {"pictures", sweep.pictures},
          {"unreadable", sweep.unreadable},
          {"options", OptionsJson(sweep.options)},
          {"clock_ns", sweep.clock_ns},
          {"stages_ns", stages},
          {"rest_ns", TimesJson(sweep.rest)},
          {"rows", rows},
          {"best", sweep.best},
          {"fastest", sweep.fastest},
          {"cost", CostJson(sweep)},
          {"valid", sweep.valid()},
          {"reasons", reasons},
          {"advice", advice},
          {"meanwhile", sweep.meanwhile},
          {"warnings", warnings}};
}

NmsSweepFiles NmsSweepFilesOf(const std::filesystem::path& run,
                              const std::string& cell) {
  const std::string slug = CellSlug(cell);
  return {run / "artifacts" / slug, run / "samples" / (slug + ".csv")};
}

void WriteNmsSweep(const NmsSweepFiles& files, const NmsSweep& sweep) {
  CreateFolder(files.folder);
  CreateFolder(files.samples.parent_path());
  WriteFileAtomic(files.samples, SweepSamplesCsv(sweep.samples));
  WriteFileAtomic(files.folder / "nms_sweep.json",
                  NmsSweepToJson(sweep).dump(1) + "\n");
}

std::vector<Record> NmsSweepRecords(const NmsSweep& sweep, const Record& base) {
  std::vector<Record> records;
  AddRow(records, sweep, sweep.rows[sweep.best], base);
  for (const NmsSweepRow& row : sweep.rows) {
    Record own = base;
    std::string more = "confidence=" + FormatDouble(row.confidence);
    if (row.iou) more += ",nms_iou=" + FormatDouble(*row.iou);
    own.cell = CellWith(base.cell, more);
    AddRow(records, sweep, row, own);
  }
  return records;
}

}  // namespace eyechart::benchmarks
