#include <algorithm>
#include <memory>

#include "cli/detect_commands.h"
#include "cli/detect_compare.h"
#include "cli/probe_output.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"

namespace eyechart::cli {
namespace {

struct TrainFlags {
  std::string model;
  ModelFlags flags;
  TransferFlags transfer;
  BoxFlags boxes;
  suite::DetectJob job;
  std::string compare;
  bool per_class = false;
  bool json = false;
};

void PrintTraining(const TrainFlags& o, const Json& json) {
  PrintLine(fmt::format("{:<16}{}, {} parameters, {} stage{}", "head",
                        json["head"].get<std::string>(),
                        WithSeparators(json["parameters"].get<std::int64_t>()),
                        json["stages"].get<std::string>(),
                        json["stages"] == "own" ? "s" : ""));
  if (json["unfreeze"] > 0)
    PrintLine(fmt::format(
        "{:<16}the last {}, {} parameters", "trained blocks",
        json["unfreeze"].get<std::int64_t>(),
        WithSeparators(json["block_parameters"].get<std::int64_t>())));
  PrintLine(fmt::format(
      "{:<16}{} train ({} boxes), {} validation, {} test, {} classes",
      "pictures", json["train"].get<std::int64_t>(),
      json["train_boxes"].get<std::int64_t>(),
      json["validation"].get<std::int64_t>(), json["test"].get<std::int64_t>(),
      json["classes"].get<std::int64_t>()));
  if (json.contains("curve"))
    for (const Json& point : json["curve"])
      PrintLine(fmt::format("  {:>7} pictures  AP {:.4f}  AP50 {:.4f}",
                            point["images"].get<std::int64_t>(),
                            point["AP"].get<double>(),
                            point["AP50"].get<double>()));
  PrintDetectionScores(json);
  if (o.per_class)
    for (const Json& one : json["per_class"])
      PrintLine(fmt::format(
          "  {:<24}{:>6}  AP {}  AP50 {}", one["name"].get<std::string>(),
          one["truths"].get<std::int64_t>(),
          one["AP"].is_null() ? "none"
                              : fmt::format("{:.4f}", one["AP"].get<double>()),
          one["AP50"].is_null()
              ? "none"
              : fmt::format("{:.4f}", one["AP50"].get<double>())));
  const Json& selected = json["selected"];
  PrintLine(fmt::format(
      "{:<16}step {}{}", "kept", selected["step"].get<std::int64_t>(),
      selected["split"] == "validation"
          ? fmt::format(", the best on validation (AP {:.4f})",
                        selected["validation_ap"].is_null()
                            ? 0.0
                            : selected["validation_ap"].get<double>())
          : ", the last"));
  if (json["runs"]["scores"].size() > 1)
    PrintLine(fmt::format("{:<16}{}: mean AP {:.4f}, deviation {:.4f}", "seeds",
                          json["runs"]["scores"].size(),
                          json["runs"]["mean"].get<double>(),
                          json["runs"]["deviation"].get<double>()));
  if (json.contains("comparison"))
    PrintLine(fmt::format("{:<16}{}", "difference in AP",
                          ComparisonText(json["comparison"])));
  PrintLine(fmt::format("{:<16}{:.0f} s training, {:.0f} s finding", "took",
                        json["seconds"]["train"].get<double>(),
                        json["seconds"]["find"].get<double>()));
  if (!o.job.out.empty())
    PrintLine(fmt::format("{:<16}{}", "written to", o.job.out.string()));
}

// A run for each number of pictures, in a folder of its own; the result is the
// last one's, with the curve and every run's warnings.
Json TrainCurve(const TrainFlags& o,
                encoders::LoadedModel& model,
                Progress& progress) {
  Json json, curve = Json::array(), warnings = Json::array();
  for (const std::int64_t images : o.transfer.images) {
    suite::DetectJob job = o.job;
    job.options.images = images;
    if (!job.out.empty())
      job.out /= images > 0 ? fmt::format("images-{}", images) : "images-all";
    json = suite::RunDetectJob(model, job, progress).json;
    // What is odd in the set is so in every run.
    for (const Json& warning : json["warnings"])
      if (std::find(warnings.begin(), warnings.end(), warning) ==
          warnings.end())
        warnings.push_back(warning);
    const Json ci = json["ci"].value("AP", Json());
    curve.push_back({{"images", json["train"]},
                     {"boxes", json["train_boxes"]},
                     {"AP", json["stats"]["AP"]},
                     {"AP50", json["stats"]["AP50"]},
                     {"ci", ci},
                     {"seeds", json["runs"]["scores"]}});
  }
  json["curve"] = std::move(curve);
  json["warnings"] = std::move(warnings);
  if (!o.job.out.empty())
    WriteFileAtomic(o.job.out / "curve.json", json["curve"].dump(1) + "\n");
  return json;
}

int Train(TrainFlags o) {
  SetThreads(o.flags.threads);
  o.job.options = TransferOptionsOf(o.transfer);
  o.job.data = BoxOptionsOf(o.boxes);
  suite::RequireDetectJob(o.job);
  TerminalProgress progress;
  encoders::LoadedModel model = encoders::LoadModel(SpecOf(o.model, o.flags));
  Json json;
  if (o.transfer.images.size() == 1)
    json = suite::RunDetectJob(model, o.job, progress).json;
  else
    json = TrainCurve(o, model, progress);
  json["command"] = "detect train";
  for (const Json& warning : json["warnings"])
    PrintWarning(warning.get<std::string>());
  if (!o.compare.empty()) {
    json["comparison"] = CompareProbes(json, o.compare);
    for (const std::string& warning : RequireSameHead(json, o.compare)) {
      PrintWarning(warning);
      json["warnings"].push_back(warning);
    }
  }
  if (o.json)
    PrintJson(json);
  else
    PrintTraining(o, json);
  return kExitOk;
}

}  // namespace

Runner AddDetectTrain(Arguments& app) {
  auto o = std::make_shared<TrainFlags>();
  app.AddOption("model", o->model, "checkpoint folder, or hub id in the cache")
      .Required();
  app.AddOption("dataset", o->job.root,
                "detection set with train and test parts: a Roboflow export, "
                "a COCO folder, Pascal VOC, or YOLO text")
      .Required();
  app.AddOption("--part", o->job.test,
                "part that is tested on (default: test, or valid)");
  AddTransferFlags(app, o->transfer);
  AddBoxFlags(app, o->boxes);
  app.AddOption("-o,--out", o->job.out,
                "folder for detect.json, log.csv, detections.json, "
                "errors.json and the detector");
  app.AddOption("--compare", o->compare,
                "detect.json of another encoder: differences seed by seed");
  app.AddFlag("--per-class", o->per_class, "figures of each class");
  AddModelFlags(app, o->flags);
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return Train(*o); };
}

}  // namespace eyechart::cli
