#include <cmath>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/detection/evaluation/accumulate.h"
#include "probes/detection/evaluation/area_ranges.h"
#include "probes/detection/evaluation/bootstrap.h"
#include "probes/detection/evaluation/confusion.h"
#include "probes/detection/evaluation/error_kinds.h"
#include "probes/detection/evaluation/read_detections.h"
#include "probes/detection/evaluation/summary.h"

namespace eyechart::cli {
namespace {

namespace det = eyechart::detection;

struct CocoEvalFlags {
  std::string truth;
  std::string detections;
  // What its users compare with is pycocotools: the same numbers unless asked.
  std::string mode = "strict";
  std::vector<std::string> areas;
  det::EvaluationOptions evaluation;
  det::ImageBootstrapOptions bootstrap;
  det::ConfusionOptions confusion;
  int resamples = 0;  // 0: no intervals
  bool threads_given = false;
  bool errors = false;
  bool per_class = false;
  bool json = false;
  std::string curves;
  std::string confusion_csv;
};

using Intervals = std::vector<std::pair<std::string, Interval>>;

Json OrNull(double value) {
  return value > -1 && std::isfinite(value) ? Json(value) : Json();
}

Json ToJson(const Interval& interval) {
  if (!std::isfinite(interval.low)) return nullptr;
  return {{"low", interval.low},
          {"high", interval.high},
          {"level", interval.level},
          {"method", interval.method}};
}

// Of the best `max_detections` of an image.
Json ToJson(const det::ErrorKinds& errors, int max_detections) {
  Json kinds = Json::object();
  for (std::size_t k = 0; k < det::kErrorKinds; ++k)
    kinds[std::string(det::NameOf(static_cast<det::ErrorKind>(k)))] = {
        {"count", errors.kinds[k].count}, {"dAP", errors.kinds[k].gain}};
  return {{"AP50", errors.AP},
          {"kinds", kinds},
          {"false_alarm_dAP", errors.false_alarm_gain},
          {"miss_dAP", errors.miss_gain},
          {"max_dets", max_detections}};
}

// One line of pycocotools' summary.
void PrintFigure(bool recall,
                 const std::string& overlap,
                 const std::string& area,
                 const std::string& number,
                 double value,
                 const Interval* interval) {
  std::string line = fmt::format(
      " Average {} @[ IoU={:<9} | area={:>6} | maxDets={:>3} ] = {:.3f}",
      recall ? "Recall     (AR)" : "Precision  (AP)", overlap, area, number,
      value);
  if (interval != nullptr && std::isfinite(interval->low))
    line += fmt::format("  {:.0f}% [{:.3f}, {:.3f}]", 100 * interval->level,
                        interval->low, interval->high);
  PrintLine(line);
}

void PrintFigures(const det::Evaluation& made,
                  const det::BoxStats& stats,
                  const Intervals& intervals) {
  const det::EvaluationOptions& o = made.options;
  const bool strict = o.mode == det::Mode::kStrict;
  const auto number = [&](std::size_t i) {
    return i < o.max_detections.size() ? std::to_string(o.max_detections[i])
                                       : std::string("-");
  };
  const std::size_t last = o.max_detections.size() - 1;
  const std::string rest =
      number(strict ? std::min<std::size_t>(2, last) : last);
  const std::string range =
      o.iou_thresholds.size() == 1
          ? fmt::format("{:.2f}", o.iou_thresholds[0])
          : fmt::format("{:.2f}:{:.2f}", o.iou_thresholds.front(),
                        o.iou_thresholds.back());
  struct Row {
    bool recall;
    std::string overlap, area, number;
  };
  const std::vector<Row> rows = {
      {false, range, "all", strict ? "100" : rest},
      {false, "0.50", "all", rest},
      {false, "0.75", "all", rest},
      {false, range, "small", rest},
      {false, range, "medium", rest},
      {false, range, "large", rest},
      {true, range, "all", number(0)},
      {true, range, "all", number(1)},
      {true, range, "all", number(2)},
      {true, range, "small", rest},
      {true, range, "medium", rest},
      {true, range, "large", rest},
  };
  const auto named = det::Named(stats);
  for (std::size_t i = 0; i < rows.size(); ++i)
    PrintFigure(rows[i].recall, rows[i].overlap, rows[i].area, rows[i].number,
                named[i].second,
                intervals.empty() ? nullptr : &intervals[i].second);
}

std::string ScoreCell(double value) {
  return value > -1 ? fmt::format("{:.3f}", value) : "-";
}

void PrintClasses(const det::Evaluation& made,
                  const det::Truth& truth,
                  const std::vector<det::ClassStats>& classes) {
  std::string head = fmt::format("{:<24}{:>8}{:>8}", "class", "AP", "AP50");
  for (const det::AreaRange& area : made.options.areas)
    if (area.name != "all") head += fmt::format("{:>10}", area.name);
  PrintLine(head);
  for (std::size_t k = 0; k < classes.size(); ++k) {
    std::string line =
        fmt::format("{:<24}{:>8}{:>8}", truth.categories[k].name,
                    ScoreCell(classes[k].AP), ScoreCell(classes[k].AP50));
    for (std::size_t a = 0; a < made.areas(); ++a)
      if (made.options.areas[a].name != "all")
        line += fmt::format("{:>10}", ScoreCell(classes[k].AP_area[a]));
    PrintLine(line);
  }
}

void PrintErrors(const det::ErrorKinds& errors, int max_detections) {
  PrintLine(
      fmt::format("errors at IoU 0.5 of the best {} boxes of a picture, AP "
                  "{:.3f}; AP gained if all of one kind were mended:",
                  max_detections, errors.AP));
  for (std::size_t k = 0; k < det::kErrorKinds; ++k)
    PrintLine(fmt::format("  {:<14}{:>9}   {:+.3f}",
                          det::NameOf(static_cast<det::ErrorKind>(k)),
                          errors.kinds[k].count, errors.kinds[k].gain));
  PrintLine(fmt::format("  {:<14}{:>9}   {:+.3f}", "false alarms", "",
                        errors.false_alarm_gain));
  PrintLine(
      fmt::format("  {:<14}{:>9}   {:+.3f}", "misses", "", errors.miss_gain));
}

// Area "all", the last number of detections.
std::string CurvesCsv(const det::Evaluation& made, const det::Truth& truth) {
  std::size_t area = 0;
  while (made.options.areas[area].name != "all") ++area;
  std::string text = CsvLine(
      {"category_id", "category", "iou", "recall", "precision", "score"});
  for (std::size_t k = 0; k < made.categories; ++k)
    for (std::size_t t = 0; t < made.thresholds(); ++t) {
      const std::size_t cell = made.Cell(t, k, area, made.numbers() - 1);
      if (made.recall[cell] < 0) continue;
      for (std::size_t r = 0; r < det::kRecallPoints; ++r) {
        const std::size_t at = cell * det::kRecallPoints + r;
        text += CsvLine(
            {std::to_string(truth.categories[k].id), truth.categories[k].name,
             FormatDouble(made.options.iou_thresholds[t]),
             FormatDouble(det::RecallPoints()[r]),
             FormatDouble(made.precision[at]), FormatDouble(made.scores[at])});
      }
    }
  return text;
}

Json ClassesToJson(const det::Evaluation& made,
                   const det::Truth& truth,
                   const std::vector<det::ClassStats>& classes) {
  Json rows = Json::array();
  for (std::size_t k = 0; k < classes.size(); ++k) {
    Json areas = Json::object();
    for (std::size_t a = 0; a < made.areas(); ++a)
      if (made.options.areas[a].name != "all")
        areas[made.options.areas[a].name] = {
            {"AP", OrNull(classes[k].AP_area[a])}};
    rows.push_back({{"id", truth.categories[k].id},
                    {"name", truth.categories[k].name},
                    {"AP", OrNull(classes[k].AP)},
                    {"AP50", OrNull(classes[k].AP50)},
                    {"areas", areas}});
  }
  return rows;
}

void PrintJsonOf(const CocoEvalFlags& o,
                 const det::EvaluationFiles& files,
                 const det::Evaluation& made,
                 const std::vector<std::string>& warnings,
                 const Intervals& intervals,
                 const std::optional<det::ErrorKinds>& errors) {
  Json stats = Json::object();
  for (const auto& [name, value] : det::Named(det::Summarize(made)))
    stats[name] = value;
  Json json = {{"schema", 1},
               {"command", "coco-eval"},
               {"warnings", warnings},
               {"mode", o.mode},
               {"class_agnostic", o.evaluation.class_agnostic},
               {"images", files.truth.images.size()},
               {"ground_truths", files.truth.size()},
               {"detections", files.detections.size()},
               {"stats", stats},
               {"per_class",
                ClassesToJson(made, files.truth, det::SummarizeClasses(made))}};
  if (!o.areas.empty()) {
    Json areas = Json::object();
    for (const det::AreaStats& area : det::SummarizeAreas(made))
      areas[area.name] = {{"AP", area.AP},
                          {"AP50", area.AP50},
                          {"AP75", area.AP75},
                          {"AR", area.AR}};
    json["areas"] = areas;
  }
  if (!intervals.empty()) {
    Json ci = Json::object();
    for (const auto& [name, interval] : intervals) ci[name] = ToJson(interval);
    json["ci"] = ci;
  }
  if (errors)
    json["errors"] = ToJson(*errors, made.options.max_detections.back());
  PrintJson(json);
}

int RunCocoEval(CocoEvalFlags o) {
  EYECHART_REQUIRE(o.mode == "strict" || o.mode == "corrected",
                   "--mode {}: should be strict or corrected", o.mode);
  EYECHART_REQUIRE(o.resamples >= 0, "--bootstrap {}: should be 0 or more",
                   o.resamples);
  det::EvaluationOptions& e = o.evaluation;
  e.mode = o.mode == "strict" ? det::Mode::kStrict : det::Mode::kCorrected;
  EYECHART_REQUIRE(e.threads >= (o.threads_given ? 1 : 0),
                   "--threads {}: should be at least 1", e.threads);
  EYECHART_REQUIRE(std::isfinite(o.confusion.score),
                   "--confusion-score {}: should be a finite number",
                   o.confusion.score);
  if (!o.areas.empty()) e.areas = det::ParseAreas(o.areas);
  e.all_curves = !o.curves.empty();
  e.keep_matches = o.resamples > 0;
  const bool across = o.errors || !o.confusion_csv.empty();
  det::EvaluationFiles files =
      det::ReadFiles(o.truth, o.detections, e.threads,
                     across ? det::Order::kOfFile : det::Order::kByCategory);
  const det::Evaluation made = det::Evaluate(files.truth, files.detections, e);
  std::vector<std::string> warnings = files.warnings;
  warnings.insert(warnings.end(), made.warnings.begin(), made.warnings.end());
  Intervals intervals;
  if (o.resamples > 0) {
    o.bootstrap.resamples = o.resamples;
    o.bootstrap.threads = e.threads;
    intervals =
        det::BootstrapImages(made, files.truth.images.size(), o.bootstrap);
  }
  // From here on the classes are names, and what is taken for what.
  if (e.class_agnostic) det::MergeCategories(files.truth, files.detections);
  std::optional<det::ErrorKinds> errors;
  if (o.errors)
    errors = det::FindErrorKinds(
        files.truth, files.detections,
        {.max_detections = made.options.max_detections.back()});
  if (!o.curves.empty())
    WriteFileAtomic(o.curves, CurvesCsv(made, files.truth));
  if (!o.confusion_csv.empty())
    WriteFileAtomic(
        o.confusion_csv,
        det::ConfusionCsv(
            det::FindConfusion(files.truth, files.detections, o.confusion),
            files.truth));
  for (const std::string& warning : warnings) PrintWarning(warning);
  if (o.json) {
    PrintJsonOf(o, files, made, warnings, intervals, errors);
    return kExitOk;
  }
  PrintFigures(made, det::Summarize(made), intervals);
  if (!o.areas.empty())
    for (const det::AreaStats& area : det::SummarizeAreas(made))
      PrintLine(fmt::format("area {:<12} AP {}  AP50 {}  AP75 {}  AR {}",
                            area.name, ScoreCell(area.AP), ScoreCell(area.AP50),
                            ScoreCell(area.AP75), ScoreCell(area.AR)));
  if (o.per_class) PrintClasses(made, files.truth, det::SummarizeClasses(made));
  if (errors) PrintErrors(*errors, made.options.max_detections.back());
  return kExitOk;
}

}  // namespace

Runner AddCocoEval(Arguments& app) {
  auto o = std::make_shared<CocoEvalFlags>();
  app.AddOption("truth", o->truth, "COCO JSON with the ground truth")
      .Required()
      .TypeName("GT.json");
  app.AddOption("detections", o->detections,
                "COCO results: [{image_id, category_id, bbox, score}, ...]")
      .Required()
      .TypeName("DT.json");
  app.AddOption("--mode", o->mode,
                "strict (pycocotools to the bit, defects included) or "
                "corrected (annotations renumbered, AP over the last of "
                "--max-dets)")
      .ShowDefault();
  app.AddFlag("--class-agnostic", o->evaluation.class_agnostic,
              "all classes as one, as pycocotools with useCats = 0: is "
              "something there, whatever it is");
  app.AddOption("--max-dets", o->evaluation.max_detections,
                "best detections of a class in an image, comma-separated; "
                "--errors is of the last, all classes together")
      .Delimiter(',')
      .ShowDefault("1,10,100");
  app.AddOption("--iou", o->evaluation.iou_thresholds,
                "overlaps from which a detection is right, comma-separated "
                "(default: 0.50, 0.55 ... 0.95)")
      .Delimiter(',');
  app.AddOption("--areas", o->areas,
                "name:low:high in square pixels, comma-separated (default: "
                "all, small, medium, large)")
      .Delimiter(',');
  app.AddOption("--threads", o->evaluation.threads,
                "threads (default: one a hardware thread)")
      .Tells(o->threads_given);
  app.AddFlag("--per-class", o->per_class,
              "print every class too (--json always does)");
  app.AddOption("--curves", o->curves,
                "CSV of precision and score at 101 points of recall");
  app.AddOption("--confusion", o->confusion_csv,
                "CSV of which class is taken for which");
  app.AddOption("--confusion-score", o->confusion.score, "least score in it")
      .ShowDefault();
  app.AddFlag("--errors", o->errors,
              "kinds of error and what each costs (TIDE)");
  app.AddOption("--bootstrap", o->resamples,
                "resamples of the images for 95 % intervals (0: none)")
      .ShowDefault();
  app.AddOption("--seed", o->bootstrap.seed, "of the resamples").ShowDefault();
  app.AddFlag("--json", o->json, "print one JSON object");
  app.SetFooter("eyechart coco-eval GT.json DT.json --json");
  return [o] { return RunCocoEval(*o); };
}

}  // namespace eyechart::cli
