#include <memory>
#include <utility>

#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "encoders/exported.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/detection/transfer/transfer.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string detector;
  std::string model;
  std::string dataset;
  std::string part;
  ModelFlags flags;
  BoxFlags boxes;
  detection::TransferOptions transfer;
  std::string out;
  bool json = false;
};

// Of a set whose categories are at `classes` of the detector.
std::vector<std::string> WarningsOf(const data::BoxDataset& set,
                                    const std::vector<std::int64_t>& classes) {
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (classes[i] < 0)
      warnings.push_back(fmt::format(
          "category \"{}\" is none that the detector was trained on: all of "
          "its boxes are missed",
          set.categories[i].name));
  return warnings;
}

int Eval(Options o) {
  SetThreads(o.flags.threads);
  o.transfer.find.batch = o.transfer.encode_batch;
  const bool exported = detection::IsExportedDetector(o.detector);
  if (exported) {
    EYECHART_REQUIRE(o.dataset.empty(),
                     "{}: is an exported detector, which has its encoder in "
                     "it: behind it comes the set alone, not {} {}",
                     o.detector, o.model, o.dataset);
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
  const std::vector<std::int64_t> classes = detection::ClassesOf(detector, set);
  const detection::BoxExamples examples(set);
  std::vector<std::string> warnings = examples.problems();
  for (std::string& warning : WarningsOf(set, classes))
    warnings.push_back(std::move(warning));
  detection::AppliedDetector applied;
  if (exported) {
    applied = detection::ApplyExported(*program, examples, o.transfer.find,
                                       o.transfer.workers, progress);
  } else {
    encoders::LoadedModel model = encoders::LoadModel(SpecOf(o.model, o.flags));
    detection::RequireFits(detector, model, o.detector);
    applied = detection::ApplyDetector(detector, model, examples, o.transfer,
                                       progress);
  }
  std::vector<detection::PictureBoxes>& found = applied.found;
  warnings.insert(warnings.end(), applied.problems.begin(),
                  applied.problems.end());
  // From the detector's classes to the set's places; those it lacks go.
  std::vector<std::int64_t> places(detector.categories.size(), -1);
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (classes[i] >= 0)
      places[static_cast<std::size_t>(classes[i])] =
          static_cast<std::int64_t>(i);
  for (detection::PictureBoxes& picture : found)
    for (detection::FoundBox& box : picture.boxes)
      box.category = places[static_cast<std::size_t>(box.category)];
  const detection::DetectionScores scores = detection::ScoreBoxes(
      set, found, {o.transfer.resamples, o.transfer.seed, 0});
  Json json = {{"schema", 1},
               {"command", "detect eval"},
               {"kind", "detect"},
               {"head", detector.kind},
               {"unfreeze", detector.unfreeze},
               {"dataset", set.name},
               {"test_part", set.split},
               {"warnings", warnings}};
  json.update(detection::ScoresToJson(scores));
  for (const std::string& warning : warnings) PrintWarning(warning);
  if (!o.out.empty()) {
    const fs::path out = o.out;
    CreateFolder(out);
    WriteFileAtomic(out / "detections.json",
                    detection::FoundToJson(set, found).dump() + "\n");
    WriteFileAtomic(
        out / "errors.json",
        suite::WorstPictures(set, found, suite::kWorstPictures).dump(1) + "\n");
    WriteFileAtomic(out / "detect.json", json.dump(1) + "\n");
  }
  if (o.json)
    PrintJson(json);
  else
    PrintDetectionScores(json);
  return kExitOk;
}

}  // namespace

Runner AddDetectEval(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("detector", o->detector,
                 "folder that detect train wrote as OUT/detector, or an "
                 "exported detector's")
      ->required();
  app.add_option("model", o->model,
                 "the checkpoint it was trained on; left out with an exported "
                 "detector")
      ->required();
  app.add_option("dataset", o->dataset, "detection set");
  app.add_option("--part", o->part,
                 "part to test on (default: test, or valid)");
  AddFindFlags(app, o->transfer);
  AddBoxFlags(app, o->boxes);
  app.add_option("-o,--out", o->out,
                 "folder for detect.json, detections.json and errors.json");
  AddModelFlags(app, o->flags);
  app.add_flag("--json", o->json, "print one JSON object");
  return [o] { return Eval(*o); };
}

}  // namespace eyechart::cli
