#include <memory>
#include <system_error>
#include <utility>

#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "encoders/exported.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/evaluate.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/detection/transfer/found_json.h"
#include "probes/detection/transfer/transfer_json.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct DetectEvalFlags {
  std::string detector;
  std::string model;
  std::string dataset;
  std::string part;
  ModelFlags flags;
  BoxFlags boxes;
  detection::TransferOptions transfer;
  NmsFlags nms;
  std::string out;
  bool json = false;
};

int Eval(DetectEvalFlags o) {
  SetThreads(o.flags.threads);
  o.transfer.find.batch = o.transfer.encode_batch;
  SetNms(o.nms, o.transfer.find.nms);
  EYECHART_REQUIRE(o.transfer.find.most_kept > 0,
                   "--max-boxes {}: should be at least 1",
                   o.transfer.find.most_kept);
  const bool exported = detection::IsExportedDetector(o.detector);
  if (exported) {
    EYECHART_REQUIRE(o.dataset.empty(),
                     "{}: is an exported detector, which has its encoder in "
                     "it: behind it comes the set alone, not {} {}",
                     o.detector, o.model, o.dataset);
    EYECHART_REQUIRE(!o.model.empty(),
                     "{}: is an exported detector; behind it should come the "
                     "set that it is tested on",
                     o.detector);
    o.dataset = o.model;
  } else {
    EYECHART_REQUIRE(!o.dataset.empty(),
                     "detect eval needs DETECTOR MODEL DATASET; DETECTOR "
                     "DATASET where {} has an {} with a \"detector\"",
                     o.detector, encoders::kExportedConfig);
  }
  TerminalProgress progress;
  std::unique_ptr<detection::ExportedDetector> program;
  detection::Detector trained;
  if (exported)
    program = std::make_unique<detection::ExportedDetector>(
        SpecOf(o.detector, o.flags));
  else
    trained = detection::ReadDetector(o.detector);
  const detection::Detector& detector =
      exported ? program->detector() : trained;
  const data::BoxDataset set = OpenTestPart(o.dataset, o.part, o.boxes);
  detection::ClassesOf(detector, set);  // what does not fit is said at once
  const detection::BoxExamples examples(set);
  detection::AppliedDetector applied;
  data::DecodeOptions decode;
  if (exported) {
    decode = program->preprocess().decode;
    applied = detection::ApplyExported(*program, examples, o.transfer.find,
                                       o.transfer.workers, progress);
  } else {
    encoders::LoadedModel model = encoders::LoadModel(SpecOf(o.model, o.flags));
    detection::RequireFits(detector, model, o.detector);
    decode = model.preprocess.decode;
    applied = detection::ApplyDetector(detector, model, examples, o.transfer,
                                       progress);
  }
  const detection::DetectorEvaluation made = detection::Evaluate(
      detector, examples, std::move(applied),
      {o.transfer.resamples, o.transfer.seed, 0, o.transfer.find.most_kept});
  Json json = {{"schema", 1},
               {"command", "detect eval"},
               {"kind", "detect"},
               {"head", detector.kind},
               {"unfreeze", detector.unfreeze},
               {"dataset", set.name},
               {"test_part", set.split},
               {"warnings", made.warnings}};
  if (set.single_class) json["single_class"] = true;
  json["find"] = detection::FindToJson(o.transfer.find);
  if (!exported) json["head_shape"] = detection::HeadShape(detector);
  if (detector.head->needs_nms())
    json["nms"] = detection::NmsToJson(o.transfer.find.nms);
  json.update(detection::ScoresToJson(made.scores));
  for (const std::string& warning : made.warnings) PrintWarning(warning);
  if (!o.out.empty()) {
    const fs::path out = o.out;
    CreateFolder(out);
    // A training's that stands there is done no more once its boxes are ours.
    std::error_code ignored;
    fs::remove(out / "detect.json", ignored);
    detection::WriteFound(out, set, made.found);
    WriteFileAtomic(
        out / "errors.json",
        suite::WorstPictures(set, made.found, suite::kWorstPictures, decode)
                .dump(1) +
            "\n");
    WriteFileAtomic(out / "detect.json", json.dump(1) + "\n");
  }
  if (o.json)
    PrintJson(json);
  else
    PrintDetectionScores(json);
  return kExitOk;
}

}  // namespace

Runner AddDetectEval(Arguments& app) {
  auto o = std::make_shared<DetectEvalFlags>();
  app.AddOption("detector", o->detector,
                "folder that detect train wrote as OUT/detector, or an "
                "exported detector's")
      .Required();
  app.AddOption("model", o->model,
                "the checkpoint it was trained on (needed, but for an exported "
                "detector, behind which comes the set alone)");
  app.AddOption("dataset", o->dataset, "detection set (needed)");
  app.AddOption("--part", o->part, "part to test on (default: test, or valid)");
  AddFindFlags(app, o->transfer);
  AddBootstrapFlag(app, o->transfer);
  AddNmsFlags(app, o->nms);
  AddBoxFlags(app, o->boxes);
  app.AddOption("-o,--out", o->out,
                "folder for detect.json, detections.json, truth.json and "
                "errors.json");
  AddModelFlags(app, o->flags);
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return Eval(*o); };
}

}  // namespace eyechart::cli
