// Task kind `detect`: detection transfer on an encoder's frozen maps.
#include <array>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "encoders/loaded_model.h"
#include "probes/detection/transfer/transfer_json.h"
#include "suite/detect_pipeline.h"
#include "suite/task.h"

namespace eyechart::suite {
namespace {

using Type = TaskKey::Type;

constexpr std::array kKeys = {
    TaskKey{"head", Type::kText, "dense", false,
            "dense (with NMS) or set (without)"},
    TaskKey{"part", Type::kText, "", false,
            "part that is tested on (default: test, or valid)"},
    TaskKey{"width", Type::kNumber, "128", false, "channels of the head"},
    TaskKey{"layers", Type::kNumber, "0", false,
            "of the head's towers or decoder; 0: the kind's own"},
    TaskKey{"stages", Type::kText, "last", false,
            "last map, or own stages of a hierarchical encoder"},
    TaskKey{"keep_aspect", Type::kBoolean, "false", false,
            "pictures keep their proportions, else they are stretched"},
    TaskKey{"steps", Type::kNumber, "1500", false, "of training"},
    TaskKey{"epochs", Type::kNumber, "0", false, "instead of steps"},
    TaskKey{"train_batch", Type::kNumber, "8", false, "pictures a step"},
    TaskKey{"rate", Type::kNumber, "0", false,
            "peak learning rate; 0: the head's own"},
    TaskKey{"variants", Type::kNumber, "4", false,
            "ways in which a training picture is laid; 0: anew each epoch"},
    TaskKey{"patience", Type::kNumber, "0", false,
            "looks without a better one before a stop; 0: never"},
    TaskKey{"shots", Type::kNumber, "0", false, "boxes a class; 0: all"},
    TaskKey{"images", Type::kNumber, "0", false,
            "pictures to train on; 0: all"},
    TaskKey{"seed", Type::kNumber, "0", false,
            "of start values, order, jitter, cut and shots"},
    TaskKey{"runs", Type::kNumber, "1", false, "seeds, from seed on"},
    TaskKey{"batch", Type::kNumber, "32", false, "pictures a forward pass"},
};

double Number(const TaskSpec& task, const char* key) {
  const std::optional<double> value = ParseDouble(task.keys.at(key));
  EYECHART_CHECK(value.has_value(), "{} is no number", key);
  return *value;
}

std::int64_t Whole(const TaskSpec& task, const char* key) {
  const std::optional<std::int64_t> value = ParseInt(task.keys.at(key));
  EYECHART_REQUIRE(value && *value >= 0 && *value < std::int64_t{1} << 31,
                   "[[task]] of line {}: {} {}: should be an integer of at "
                   "least 0",
                   task.line, key, task.keys.at(key));
  return *value;
}

DetectJob JobOf(const TaskSpec& task) {
  DetectJob job;
  detection::TransferOptions& o = job.options;
  o.head = task.keys.at("head");
  const auto part = task.keys.find("part");
  if (part != task.keys.end()) job.test = part->second;
  o.width = Whole(task, "width");
  o.layers = Whole(task, "layers");
  const std::string& stages = task.keys.at("stages");
  EYECHART_REQUIRE(stages == "last" || stages == "own",
                   "[[task]] of line {}: stages \"{}\": should be last or own",
                   task.line, stages);
  o.own_stages = stages == "own";
  o.keep_aspect = task.keys.at("keep_aspect") == "true";
  o.train.steps = Whole(task, "steps");
  o.epochs = Number(task, "epochs");
  o.train.batch = Whole(task, "train_batch");
  o.train.rate = Number(task, "rate");
  o.variants = Whole(task, "variants");
  o.train.patience = Whole(task, "patience");
  o.shots = Whole(task, "shots");
  o.images = Whole(task, "images");
  o.seed = static_cast<std::uint64_t>(Whole(task, "seed"));
  o.runs = static_cast<int>(Whole(task, "runs"));
  o.encode_batch = BatchOf(task);
  o.find.batch = o.encode_batch;
  RequireDetectJob(job);
  return job;
}

std::vector<Cell> Plan(const SuiteSpec& suite, const TaskSpec& task) {
  JobOf(task);
  std::vector<std::string> names = task.encoders;
  if (names.empty()) names.emplace_back();
  std::vector<Cell> cells;
  for (const DatasetSpec* dataset : DatasetsOf(suite, task)) {
    EYECHART_REQUIRE(dataset->options.kind == "boxes",
                     "{}:{}: [[task]]: data set \"{}\" is of kind \"{}\"; "
                     "detect needs one of kind \"boxes\"",
                     suite.file.string(), task.line, dataset->name,
                     dataset->options.kind);
    for (const std::string& name : names)
      for (const EncoderSpec* encoder : EncodersNamed(suite, task, name)) {
        Cell cell;
        cell.encoder = encoder->name;
        cell.encoders = {encoder};
        cell.dataset = dataset;
        cell.setting = task.setting;
        cell.setting.insert(encoder->setting.begin(), encoder->setting.end());
        cells.push_back(std::move(cell));
      }
  }
  return cells;
}

std::vector<Record> Run(const Cell& cell, TaskContext& context) {
  DetectJob job = JobOf(*cell.task);
  job.root = cell.dataset->options.path;
  job.out = context.artifacts;
  encoders::LoadedModel model = encoders::LoadModel(cell.encoders[0]->model);
  const DetectOutcome made = RunDetectJob(model, job, context.progress);
  CreateFolder(context.outcomes.parent_path());
  WriteFileAtomic(context.outcomes, made.outcomes);
  Record base;
  base.dataset_sha256 = made.dataset_sha256;
  return detection::TransferRecords(made.result, base);
}

}  // namespace

const TaskKind kDetectTask = {
    "detect",
    "detection transfer: a head trained on frozen maps, COCO's figures",
    true,
    kKeys,
    Plan,
    Run};

}  // namespace eyechart::suite
