#include "probes/detection/transfer/transfer_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "probes/detection/evaluation/evaluate.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/errors.h"

namespace eyechart::detection {
namespace {

// COCO's names of figures and ours in the table of metrics.
constexpr std::array<std::pair<const char*, const char*>, 12> kFigures = {
    {{"AP", "ap"},
     {"AP50", "ap50"},
     {"AP75", "ap75"},
     {"APs", "ap_small"},
     {"APm", "ap_medium"},
     {"APl", "ap_large"},
     {"AR1", "ar1"},
     {"AR10", "ar10"},
     {"AR100", "ar100"},
     {"ARs", "ar_small"},
     {"ARm", "ar_medium"},
     {"ARl", "ar_large"}}};

Json OrNull(double value) {
  return std::isfinite(value) && value >= 0 ? Json(value) : Json();
}

Json LogJson(const std::vector<TrainLogRow>& log) {
  Json rows = Json::array();
  for (const TrainLogRow& row : log) {
    double loss = 0;
    for (const auto& [name, value] : row.losses) loss += value;
    Json json = {{"step", row.step}, {"loss", OrNull(loss)}};
    if (std::isfinite(row.validation_ap)) {
      json["validation_ap"] = OrNull(row.validation_ap);
      json["validation_ap50"] = OrNull(row.validation_ap50);
    }
    rows.push_back(std::move(json));
  }
  return rows;
}

Json LevelsJson(const Detector& detector) {
  Json levels = Json::array();
  for (const MapLevel& level : detector.options.pyramid.maps)
    levels.push_back({{"width", level.width}, {"stride", level.stride}});
  return levels;
}

// Heads on frozen maps compare with one another alone.
std::string ProtocolOf(const std::string& head, std::int64_t unfreeze) {
  std::string name = "detect-" + head;
  if (unfreeze > 0) name += fmt::format("-unfreeze-{}", unfreeze);
  return name;
}

// Numbers of boxes that figures are over where `kept` stay in a picture, as
// ScoreBoxes has them.
std::vector<int> CountedBoxes(std::int64_t kept) {
  std::vector<int> counted = EvaluationOptions().max_detections;
  if (kept > counted.back()) counted.push_back(static_cast<int>(kept));
  return counted;
}

struct Spread {
  double mean = 0;
  double deviation = 0;
};
// Of the seeds' figures; -1 and 0 where the test part has no truth.
Spread SpreadOf(const TransferResult& result, const char* figure) {
  Spread spread;
  const auto n = static_cast<double>(result.runs.size());
  for (const TransferRun& run : result.runs)
    spread.mean += run.scores.stats.at(figure) / n;
  for (const TransferRun& run : result.runs)
    spread.deviation += std::pow(run.scores.stats.at(figure) - spread.mean, 2);
  spread.deviation = n > 1 ? std::sqrt(spread.deviation / (n - 1)) : 0;
  return spread;
}

}  // namespace

Json InputToJson(const Canvas& canvas) {
  return {{"width", canvas.width},
          {"height", canvas.height},
          {"keep_aspect", canvas.keep_aspect},
          {"filter", data::FilterName(canvas.filter)}};
}

Json FindToJson(const FindOptions& options) {
  return {{"min_score", options.detect.min_score},
          {"before_nms", options.detect.most},
          {"max_boxes", options.most_kept}};
}

Json TransferPlanToJson(const TransferSets& sets,
                        const TransferOptions& options) {
  const TransferPlan plan = PlanTransfer(sets, options);
  Detector shape;
  shape.kind = options.head;
  shape.options.pyramid.width = options.width;
  shape.options.layers = options.layers;
  Json json = {{"kind", "detect"},
               {"protocol", ProtocolOf(options.head, options.unfreeze)},
               {"head", options.head},
               {"head_shape", HeadShape(shape)},
               {"unfreeze", options.unfreeze},
               {"stages", options.own_stages ? "own" : "last"},
               {"input", {{"keep_aspect", options.keep_aspect}}},
               {"train", plan.train_images},
               {"train_boxes", plan.train_boxes},
               {"validation", plan.validation_images},
               {"test", sets.test.images.size()},
               {"classes", sets.train.categories.size()},
               {"training", plan.training},
               {"find", FindToJson(options.find)},
               {"max_dets", CountedBoxes(options.find.most_kept)}};
  // As DetectionHead::needs_nms has it, of a head that is not there yet.
  if (options.head != "set") json["nms"] = NmsToJson(options.find.nms);
  Json seeds = Json::array();
  for (int i = 0; i < options.runs; ++i)
    seeds.push_back(options.seed + static_cast<std::uint64_t>(i));
  json["runs"] = {{"seeds", seeds}};
  return json;
}

Json TransferToJson(const TransferResult& result) {
  const TransferRun& first = result.runs.front();
  Json json = {
      {"schema", 1},
      {"kind", "detect"},
      {"protocol", ProtocolOf(result.detector.kind, result.detector.unfreeze)},
      {"head", result.detector.kind},
      {"head_shape", HeadShape(result.detector)},
      {"parameters", ParametersOf(*result.detector.head)},
      {"unfreeze", result.detector.unfreeze},
      {"block_parameters", ParametersOf(result.detector.blocks)},
      {"family", result.detector.encoder.value("family", "")},
      {"stages", result.detector.own_stages ? "own" : "last"},
      {"levels", LevelsJson(result.detector)},
      {"input", InputToJson(result.detector.canvas)},
      {"train", result.train_images},
      {"train_boxes", result.train_boxes},
      {"validation", result.validation_images},
      {"test", first.scores.images},
      {"classes", result.detector.categories.size()},
      {"training", result.detector.training},
      {"find", FindToJson(result.options.find)},
      {"kept_maps", result.kept_maps},
      {"steps", first.trained.steps},
      {"stopped_early", first.trained.stopped_early},
      {"selected",
       {{"step", first.trained.best_step > 0 ? first.trained.best_step
                                             : first.trained.steps},
        {"split", first.trained.best_step > 0 ? "validation" : "none"},
        {"validation_ap", OrNull(first.trained.validation_ap)}}}};
  if (result.detector.head->needs_nms())
    json["nms"] = NmsToJson(result.options.find.nms);
  json.update(ScoresToJson(first.scores));
  Json seeds = Json::array(), ap = Json::array(), ap50 = Json::array();
  for (const TransferRun& run : result.runs) {
    seeds.push_back(run.seed);
    ap.push_back(OrNull(run.scores.stats.at("AP")));
    ap50.push_back(OrNull(run.scores.stats.at("AP50")));
  }
  const Spread spread = SpreadOf(result, "AP");
  json["runs"] = {
      {"seeds", seeds},
      {"scores", ap},
      {"ap50", ap50},
      {"mean", OrNull(spread.mean)},
      {"deviation", spread.mean < 0 ? Json() : Json(spread.deviation)}};
  json["seconds"] = {{"train", first.train_seconds},
                     {"find", result.find_seconds}};
  json["log"] = LogJson(first.trained.log);
  json["warnings"] = result.warnings;
  return json;
}

std::vector<Record> ScoreRecords(const DetectionScores& scores,
                                 const Record& base) {
  std::vector<Record> records;
  for (const auto& [figure, metric] : kFigures) {
    const double value = scores.stats.at(figure);
    records.push_back(base);
    if (value < 0) {
      SetMetric(records.back(), metric, std::nan(""));
      records.back().message = "the test part has no truth of this size";
      continue;
    }
    SetMetric(records.back(), metric, value);
    const auto ci = scores.intervals.find(figure);
    if (ci != scores.intervals.end()) records.back().ci = ci->second;
  }
  return records;
}

std::vector<Record> TransferRecords(const TransferResult& result,
                                    const Record& base) {
  Record filled = base;
  const TransferRun& first = result.runs.front();
  filled.n = first.scores.images;
  filled.weights_sha256 = result.detector.encoder.value("weights_sha256", "");
  filled.preprocess_sha256 = InputSha256(result.detector);
  std::map<std::string, std::string>& setting = filled.setting;
  setting["head"] = result.detector.kind;
  setting["stages"] = result.detector.own_stages ? "own" : "last";
  setting["head_width"] = std::to_string(result.options.width);
  setting["train"] = std::to_string(result.train_images);
  setting["validation"] = std::to_string(result.validation_images);
  setting["selected_step"] =
      std::to_string(first.trained.best_step > 0 ? first.trained.best_step
                                                 : first.trained.steps);
  setting["min_score"] =
      fmt::format("{}", result.options.find.detect.min_score);
  setting["before_nms"] = std::to_string(result.options.find.detect.most);
  setting["max_boxes"] = std::to_string(result.options.find.most_kept);
  if (result.detector.head->needs_nms()) {
    setting["nms_iou"] =
        fmt::format("{}", result.options.find.nms.iou_threshold);
    setting.merge(NmsSetting(result.options.find.nms));
  }
  for (const auto& [key, value] : result.detector.training.items())
    setting[key] = value.is_string() ? value.get<std::string>() : value.dump();
  for (const std::string& warning : result.warnings)
    filled.message += (filled.message.empty() ? "" : "; ") + warning;
  std::vector<Record> records = ScoreRecords(first.scores, filled);
  records.push_back(filled);
  SetMetric(records.back(), "head_parameters",
            static_cast<double>(ParametersOf(*result.detector.head)));
  const Spread spread = SpreadOf(result, "AP");
  if (result.runs.size() > 1 && spread.mean >= 0) {
    records.push_back(filled);
    records.back().n = static_cast<std::int64_t>(result.runs.size());
    SetMetric(records.back(), "probe_seed_mean", spread.mean);
    records.push_back(records.back());
    SetMetric(records.back(), "probe_seed_deviation", spread.deviation);
  }
  return records;
}

std::string TransferOutcomes(const data::BoxDataset& test,
                             const std::vector<PictureBoxes>& found) {
  std::string text =
      CsvLine({"id", "truth", "found", "matched", "missed", "false_alarms"});
  std::vector<PictureErrors> errors = ErrorsOf(test, found, {});
  std::stable_sort(errors.begin(), errors.end(),
                   [](const PictureErrors& a, const PictureErrors& b) {
                     return a.image < b.image;
                   });
  for (const PictureErrors& picture : errors)
    text += CsvLine(
        {test.images[picture.image].id, std::to_string(picture.truths),
         std::to_string(picture.matched + picture.false_alarms.size()),
         std::to_string(picture.matched), std::to_string(picture.misses.size()),
         std::to_string(picture.false_alarms.size())});
  return text;
}

}  // namespace eyechart::detection
