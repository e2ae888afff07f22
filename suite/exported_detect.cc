#include "suite/exported_detect.h"

#include <chrono>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/evaluate.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/detection/transfer/found_json.h"
#include "probes/detection/transfer/transfer_json.h"
#include "suite/detect_pipeline.h"

namespace eyechart::suite {
namespace {

using detection::ExportedDetector;

// The keys of a trained head's detect.json, where they say something.
Json JsonOf(const ExportedDetector& exported,
            const data::BoxDataset& set,
            const detection::DetectorEvaluation& made,
            const detection::FindOptions& find,
            double seconds) {
  const detection::Detector& detector = exported.detector();
  Json json = {{"schema", 1},
               {"kind", "detect"},
               {"protocol", "detect-exported"},
               {"head", detector.kind},
               {"format", exported.format()},
               {"parameters", exported.parameters()},
               {"family", "exported"},
               {"stages", "whole"},
               {"input",
                {{"width", detector.canvas.width},
                 {"height", detector.canvas.height},
                 {"keep_aspect", detector.canvas.keep_aspect}}},
               {"train", 0},
               {"train_boxes", 0},
               {"validation", 0},
               {"test", made.scores.images},
               {"classes", detector.categories.size()}};
  if (detector.head->needs_nms()) json["nms"] = detection::NmsToJson(find.nms);
  json.update(detection::ScoresToJson(made.scores));
  json["runs"] = {{"seeds", Json::array()}, {"scores", Json::array()}};
  json["seconds"] = {{"find", seconds}};
  json["log"] = Json::array();
  json["warnings"] = made.warnings;
  json["dataset"] = set.name;
  json["test_part"] = set.split;
  json["dataset_hash"] = detection::kBoxSetHash;
  if (set.single_class) json["single_class"] = true;
  // As elsewhere: of the CPU nothing is said.
  if (!exported.device().is_cpu()) json["device"] = exported.device().str();
  return json;
}

std::vector<Record> RecordsOf(const ExportedDetector& exported,
                              const data::BoxDataset& set,
                              const detection::DetectorEvaluation& made,
                              const detection::FindOptions& find) {
  Record base;
  base.n = made.scores.images;
  base.weights_sha256 = exported.weights_sha256();
  base.preprocess_sha256 = data::PreprocessSha256(exported.preprocess());
  base.dataset_sha256 = BoxSetSha256(set);
  base.setting["head"] = exported.detector().kind;
  base.setting["format"] = exported.format();
  base.setting["min_score"] = FormatDouble(find.detect.min_score);
  base.setting["before_nms"] = std::to_string(find.detect.most);
  base.setting["max_boxes"] = std::to_string(find.most_kept);
  if (exported.detector().head->needs_nms()) {
    base.setting["nms_iou"] = FormatDouble(find.nms.iou_threshold);
    base.setting.merge(detection::NmsSetting(find.nms));
  }
  for (const std::string& warning : made.warnings)
    base.message += (base.message.empty() ? "" : "; ") + warning;
  return detection::ScoreRecords(made.scores, base);
}

}  // namespace

ExportedDetectOutcome RunExportedDetectJob(const ExportedDetectJob& job,
                                           Progress& progress) {
  ExportedDetector exported(job.model);
  const data::BoxDataset set =
      detection::OpenTestSet(job.root, job.part, job.data);
  // What does not fit is said before the pictures are looked at.
  detection::ClassesOf(exported.detector(), set);
  const detection::BoxExamples examples(set);
  const auto begin = std::chrono::steady_clock::now();
  detection::AppliedDetector applied = detection::ApplyExported(
      exported, examples, job.find, /*workers=*/0, progress);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  const detection::DetectorEvaluation made = detection::Evaluate(
      exported.detector(), examples, std::move(applied),
      {job.resamples, /*seed=*/0, /*threads=*/0, job.find.most_kept});
  ExportedDetectOutcome outcome;
  outcome.json = JsonOf(exported, set, made, job.find, seconds);
  outcome.outcomes = detection::TransferOutcomes(set, made.found);
  outcome.records = RecordsOf(exported, set, made, job.find);
  if (job.out.empty()) return outcome;
  CreateFolder(job.out);
  detection::WriteFound(job.out, set, made.found);
  WriteFileAtomic(job.out / "outcomes.csv", outcome.outcomes);
  WriteFileAtomic(job.out / "errors.json",
                  WorstPictures(set, made.found, kWorstPictures,
                                exported.preprocess().decode)
                          .dump(1) +
                      "\n");
  WriteFileAtomic(job.out / "detect.json", outcome.json.dump(1) + "\n");
  return outcome;
}

}  // namespace eyechart::suite
