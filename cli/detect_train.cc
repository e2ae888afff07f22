#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "benchmarks/environment.h"
#include "cli/detect_cell.h"
#include "cli/detect_commands.h"
#include "cli/detect_compare.h"
#include "cli/probe_output.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/detection/transfer/transfer_json.h"
#include "suite/detect_folder.h"
#include "suite/detect_identity.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

// Beside detect.json: what that is of.
constexpr const char* kIdentityFile = "identity.json";

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
      PrintLine(fmt::format(
          "  {:>7} pictures  AP {:.4f}  AP50 {:.4f}{}",
          point["images"].get<std::int64_t>(), point["AP"].get<double>(),
          point["AP50"].get<double>(),
          point.contains("comparison")
              ? "  difference " + ComparisonText(point["comparison"])
              : ""));
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
  if (json["runs"]["scores"].size() > 1 && json["runs"]["mean"].is_number())
    PrintLine(fmt::format("{:<16}{}: mean AP {:.4f}, deviation {:.4f}", "seeds",
                          json["runs"]["scores"].size(),
                          json["runs"]["mean"].get<double>(),
                          json["runs"]["deviation"].get<double>()));
  // Of a curve it stands with each point.
  if (json.contains("comparison") && !json.contains("curve"))
    PrintLine(fmt::format("{:<16}{}", "AP difference",
                          ComparisonText(json["comparison"])));
  PrintLine(fmt::format("{:<16}{:.0f} s training, {:.0f} s finding", "took",
                        json["seconds"]["train"].get<double>(),
                        json["seconds"]["find"].get<double>()));
  if (!o.job.out.empty())
    PrintLine(fmt::format("{:<16}{}", "written to", o.job.out.string()));
}

// One training: the only one, or a point of a curve in a folder of its own.
struct TrainPoint {
  suite::DetectJob job;
  std::string
      folder;  // of a curve's point, in the curve's; empty: the only one
  std::optional<ComparedResult> other;  // to be compared with
  Json plan;                            // of what is compared, if anything is
  Json json;                            // what detect.json holds
  std::vector<Record> records;
  bool compared = false;
};

std::vector<TrainPoint> PointsOf(const TrainFlags& o) {
  std::vector<TrainPoint> points;
  const bool curve = o.transfer.images.size() > 1;
  for (const std::int64_t images : o.transfer.images) {
    TrainPoint point;
    point.job = o.job;
    point.job.options.images = images;
    if (curve) {
      point.folder =
          images > 0 ? fmt::format("images-{}", images) : "images-all";
      if (!point.job.out.empty()) point.job.out /= point.folder;
    }
    points.push_back(std::move(point));
  }
  return points;
}

void AddNew(const std::string& warning, Json& warnings) {
  if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
    warnings.push_back(warning);
}

// Warns of what makes `ours`, a point's result or its plan, unlike the other;
// of each thing once, whatever is known of the point by then.
void WarnOfUnlike(const Json& ours, const TrainPoint& point, Json& warnings) {
  for (const std::string& warning : RequireComparable(ours, *point.other)) {
    const std::size_t known = warnings.size();
    AddNew(warning, warnings);
    if (warnings.size() > known) PrintWarning(warning);
  }
}

// Finds what each point is to be compared with, and refuses what is unlike:
// before hours of training, not behind them. Returns warnings.
Json PrepareComparison(const std::string& file,
                       const detection::TransferSets& sets,
                       std::vector<TrainPoint>& points) {
  Json warnings = Json::array();
  if (file.empty()) return warnings;
  const std::vector<ComparedResult> others = ReadCompared(file);
  std::vector<Json> plans;
  for (TrainPoint& point : points) {
    point.plan = suite::PlanDetectJob(sets, point.job);
    plans.push_back(point.plan);
  }
  const std::vector<std::int64_t> places = MatchResults(plans, others);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (places[i] < 0) continue;
    points[i].other = others[static_cast<std::size_t>(places[i])];
    WarnOfUnlike(points[i].plan, points[i], warnings);
  }
  return warnings;
}

// The size of the input is known once the model is there.
void WarnOfInputs(const encoders::LoadedModel& model,
                  std::vector<TrainPoint>& points,
                  Json& warnings) {
  for (TrainPoint& point : points) {
    if (!point.other) continue;
    point.plan["input"] = detection::InputToJson(
        detection::CanvasOf(model.preprocess, point.job.options.keep_aspect));
    WarnOfUnlike(point.plan, point, warnings);
  }
}

// All that a point's figures and files depend on.
Json IdentityOfPoint(const encoders::LoadedModel& model,
                     const detection::TransferSets& sets,
                     const suite::DetectJob& job) {
  Json identity = suite::DetectIdentity(model, job);
  identity["set"] = suite::DetectSetIdentity(sets, job.data);
  identity["bootstrap"] = job.options.resamples;
  return identity;
}

void WriteRecordsOf(const TrainPoint& point) {
  std::string lines;
  for (const Record& record : point.records)
    lines += RecordToLine(record) + "\n";
  WriteFileAtomic(point.job.out / "records.jsonl", lines);
}

// What the records call the run: the folder's name, which "." has too. Before
// a training, so that a folder that cannot be written to costs none.
std::string RunNameOf(const fs::path& out) {
  CreateFolder(out);
  std::error_code error;
  const fs::path whole = fs::canonical(out, error);
  EYECHART_REQUIRE(!error, "--out {}: cannot be resolved: {}", out.string(),
                   error.message());
  return whole.filename().string();
}

void TrainOnePoint(const TrainFlags& o,
                   const detection::TransferSets& sets,
                   const std::string& environment,
                   encoders::LoadedModel& model,
                   TrainPoint& point,
                   Progress& progress) {
  const fs::path& out = point.job.out;
  Json identity;
  std::string run;
  if (!out.empty()) {
    identity = IdentityOfPoint(model, sets, point.job);
    auto done = suite::FindDone(out, kIdentityFile, identity, &point.records);
    if (done) {
      progress.Note(out.string() +
                    ": done with these settings, pictures and boxes: taken as "
                    "it is");
      point.json = std::move(*done);
      point.json.erase("comparison");
      // A curve in the same folder has its own there.
      WriteRecordsOf(point);
      return;
    }
    suite::ForgetDone(out, kIdentityFile);
    run = RunNameOf(o.job.out);
  }
  Record base = DetectCellRecord(o.model, o.flags, sets.test.name, point.job);
  base.started = UtcNow();
  const auto begin = std::chrono::steady_clock::now();
  suite::DetectOutcome made =
      suite::RunDetectJob(model, sets, point.job, progress);
  base.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  point.json = std::move(made.json);
  if (out.empty()) return;
  for (Record& record : suite::DetectRecords(made)) {
    record.run = run;
    record.cell = base.cell;
    record.encoder = base.encoder;
    record.task = base.task;
    record.dataset = base.dataset;
    record.setting.insert(base.setting.begin(), base.setting.end());
    record.environment = environment;
    record.started = base.started;
    record.seconds = base.seconds;
    point.records.push_back(std::move(record));
  }
  WriteRecordsOf(point);
  suite::MarkDone(out, kIdentityFile, identity, point.records);
}

// Into detect.json too. What fails is told once the figures are printed; what
// the levels of the maps add to the warnings, at once.
std::string CompareTrained(std::vector<TrainPoint>& points, Json& warnings) {
  std::string failed;
  for (TrainPoint& point : points) {
    if (!point.other) continue;
    try {
      WarnOfUnlike(point.json, point, warnings);
      Json comparison = CompareResults(point.json, *point.other);
      if (!point.folder.empty()) comparison["images"] = point.json["train"];
      point.json["comparison"] = std::move(comparison);
      point.compared = true;
      if (!point.job.out.empty())
        WriteFileAtomic(point.job.out / "detect.json",
                        point.json.dump(1) + "\n");
    } catch (const InputError& error) {
      if (failed.empty()) failed = error.what();
    }
  }
  return failed;
}

// The last point's result with the curve, all points' warnings and the last
// comparison that there is.
Json CurveJson(const std::vector<TrainPoint>& points) {
  Json json = points.back().json;
  Json curve = Json::array(), warnings = Json::array();
  for (const TrainPoint& point : points) {
    const Json& one = point.json;
    // What is odd in the set is so in every run.
    for (const Json& warning : one["warnings"])
      AddNew(warning.get<std::string>(), warnings);
    curve.push_back({{"images", one["train"]},
                     {"folder", point.folder},
                     {"boxes", one["train_boxes"]},
                     {"AP", one["stats"]["AP"]},
                     {"AP50", one["stats"]["AP50"]},
                     {"ci", one["ci"].value("AP", Json())},
                     {"seeds", one["runs"]["scores"]}});
    if (!point.compared) continue;
    curve.back()["comparison"] = one["comparison"];
    json["comparison"] = one["comparison"];
  }
  json["curve"] = std::move(curve);
  json["warnings"] = std::move(warnings);
  return json;
}

void WriteTrained(const TrainFlags& o,
                  const Json& json,
                  const Json& environment,
                  const std::vector<TrainPoint>& points) {
  if (o.job.out.empty()) return;
  if (json.contains("curve"))
    WriteFileAtomic(o.job.out / "curve.json", json["curve"].dump(1) + "\n");
  std::vector<suite::DetectPoint> written;
  for (const TrainPoint& point : points)
    written.push_back({point.job.out, point.records});
  suite::WriteDetectFolder(
      o.job.out, written, environment,
      DetectCommandOf(o.model, o.flags, o.job, o.transfer.images));
}

int Train(TrainFlags o) {
  SetThreads(o.flags.threads);
  o.job.options = TransferOptionsOf(o.transfer);
  o.job.data = BoxOptionsOf(o.boxes);
  suite::RequireDetectJob(o.job);
  if (!o.job.out.empty()) suite::RequireDetectFolder(o.job.out);
  const detection::TransferSets sets = detection::OpenTransferSets(
      o.job.root, o.job.test, o.job.data, o.job.train);
  std::vector<TrainPoint> points = PointsOf(o);
  Json unlike = PrepareComparison(o.compare, sets, points);
  TerminalProgress progress;
  encoders::LoadedModel model = encoders::LoadModel(SpecOf(o.model, o.flags));
  WarnOfInputs(model, points, unlike);
  const Json environment = benchmarks::DescribeEnvironment(
      model.device.str(), at::get_num_threads());
  const std::string hash = benchmarks::EnvironmentHash(environment);
  for (TrainPoint& point : points)
    TrainOnePoint(o, sets, hash, model, point, progress);
  const std::string failed = CompareTrained(points, unlike);
  Json json = points.size() > 1 ? CurveJson(points) : points.front().json;
  WriteTrained(o, json, environment, points);
  json["command"] = "detect train";
  for (const Json& warning : json["warnings"])
    PrintWarning(warning.get<std::string>());
  for (const Json& warning : unlike) json["warnings"].push_back(warning);
  if (!failed.empty()) json["warnings"].push_back(failed);
  if (o.json)
    PrintJson(json);
  else
    PrintTraining(o, json);
  EYECHART_REQUIRE(failed.empty(), "{}", failed);
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
  AddPartFlags(app, o->job);
  AddTransferFlags(app, o->transfer);
  AddBoxFlags(app, o->boxes);
  app.AddOption("-o,--out", o->job.out,
                "folder for detect.json, log.csv, detections.json, "
                "errors.json, the detector and what `report` reads; what is "
                "done there with the same settings is not done again");
  app.AddOption("--compare", o->compare,
                "detect.json or curve.json of another encoder, or a folder "
                "with one: differences seed by seed");
  app.AddFlag("--per-class", o->per_class, "figures of each class");
  AddModelFlags(app, o->flags);
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return Train(*o); };
}

}  // namespace eyechart::cli
