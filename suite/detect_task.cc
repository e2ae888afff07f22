// Task kind `detect`: detection transfer on an encoder's maps, frozen unless
// last blocks are trained too; an exported detector is tested as it is.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/boxes/box_dataset.h"
#include "data/boxes/few_shot.h"
#include "encoders/loaded_model.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "suite/detect_pipeline.h"
#include "suite/exported_cells.h"
#include "suite/exported_detect.h"
#include "suite/nms_keys.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

using Type = TaskKey::Type;

constexpr std::array kDetectKeys = {
    TaskKey{"head", Type::kText, "dense", false,
            "dense (with NMS) or set (without)"},
    TaskKey{"train_part", Type::kText, "", false,
            "part that is trained on (default: train, or trainval)"},
    TaskKey{"part", Type::kText, "", false,
            "part that is tested on (default: test, or valid)"},
    TaskKey{"single_class", Type::kBoolean, "false", false,
            "all categories are one, \"object\""},
    TaskKey{"width", Type::kNumber, "128", false, "channels of the head"},
    TaskKey{"layers", Type::kNumber, "0", false,
            "of the head's towers or decoder; 0: the kind's own"},
    TaskKey{"denoise", Type::kNumber, "0", false,
            "set heads: noisy copies of the truth trained beside the queries, "
            "about so many a picture, as RT-DETR's 100; 0: none"},
    TaskKey{"stages", Type::kText, "last", false,
            "last map, or own stages of a hierarchical encoder"},
    TaskKey{"keep_aspect", Type::kBoolean, "false", false,
            "pictures keep their proportions, else they are stretched"},
    TaskKey{"steps", Type::kNumber, "1500", false, "of training"},
    TaskKey{"epochs", Type::kNumber, "0", false, "instead of steps"},
    TaskKey{"train_batch", Type::kNumber, "8", false, "pictures a step"},
    TaskKey{"rate", Type::kNumber, "0", false, "peak learning rate; 0: 1e-3"},
    TaskKey{"unfreeze", Type::kNumber, "0", false,
            "last blocks of the encoder that are trained with the head"},
    TaskKey{"unfreeze_rate_factor", Type::kNumber, "0.1", false,
            "their learning rate, as a part of the head's"},
    TaskKey{"variants", Type::kNumber, "4", false,
            "ways in which a training picture is laid; 0: anew each epoch"},
    TaskKey{"patience", Type::kNumber, "0", false,
            "looks without a better one before a stop; 0: never"},
    TaskKey{"keep", Type::kText, "best", false,
            "the head as at its best look (best), or the last"},
    TaskKey{"validation", Type::kNumber, "0.1", false,
            "share cut from training where the set has no such part; in cells "
            "validation_share"},
    TaskKey{"shots", Type::kNumber, "0", false, "boxes a class; 0: all"},
    TaskKey{"shot_rule", Type::kText, "boxes", false,
            "boxes (RF100-VL's) or pictures, with all their boxes"},
    TaskKey{"images", Type::kNumber, "0", false,
            "pictures to train on; 0: all"},
    TaskKey{"seed", Type::kNumber, "0", false,
            "of start values, order, jitter, cut and shots"},
    TaskKey{"runs", Type::kNumber, "1", false, "seeds, from seed on"},
    TaskKey{"batch", Type::kNumber, "32", false, "pictures a forward pass"},
    TaskKey{"min_score", Type::kNumber, "0.001", false,
            "boxes below it are left out"},
    TaskKey{"before_nms", Type::kNumber, "1000", false,
            "boxes a picture before suppression"},
    TaskKey{"max_boxes", Type::kNumber, "100", false,
            "boxes kept a picture; above 100 AP is over as many"},
    kNmsKey,
    kNmsClassesKey,
    TaskKey{"nms_iou", Type::kNumber, "0.6", false,
            "overlap above which the lesser box goes, from 0 to 1"},
    kNmsSigmaKey,
};

bool IsOfNms(std::string_view key) { return key.starts_with("nms"); }

// Whether it is of a head's training, which an exported detector has behind it.
bool IsOfTraining(std::string_view key) {
  constexpr std::array kOfTesting = {"part",      "single_class", "batch",
                                     "min_score", "before_nms",   "max_boxes"};
  return !IsOfNms(key) && std::find(kOfTesting.begin(), kOfTesting.end(),
                                    key) == kOfTesting.end();
}

// Whether the key's text is `first` rather than `second`.
bool IsFirst(const TaskSpec& task,
             const char* key,
             const char* first,
             const char* second) {
  const std::string& text = task.keys.at(key);
  EYECHART_REQUIRE(text == first || text == second,
                   "{}: {} \"{}\": should be {} or {}", WhereOf(task), key,
                   text, first, second);
  return text == first;
}

detection::NmsOptions NmsOf(const TaskSpec& task) {
  detection::NmsOptions nms = NmsOptionsOf(task);
  const double iou = NumberOf(task, "nms_iou");
  EYECHART_REQUIRE(iou >= 0 && iou <= 1,
                   "{}: nms_iou {:g}: should be from 0 to 1, as 0.6",
                   WhereOf(task), iou);
  // What has no say stays as it is by default: cells do not differ in it.
  const bool gaussian = nms.semantics == detection::NmsSemantics::kSoftGaussian;
  nms.iou_threshold =
      gaussian ? detection::FindOptions().nms.iou_threshold : iou;
  if (!gaussian) nms.sigma = detection::FindOptions().nms.sigma;
  return nms;
}

detection::FindOptions FindOf(const TaskSpec& task) {
  detection::FindOptions find;
  find.batch = BatchOf(task);
  find.nms = NmsOf(task);
  find.detect.min_score = NumberOf(task, "min_score");
  find.detect.most = WholeOf(task, "before_nms");
  find.most_kept = WholeOf(task, "max_boxes");
  EYECHART_REQUIRE(find.detect.min_score >= 0 && find.detect.min_score < 1,
                   "{}: min_score {:g}: should be at least 0 and below 1",
                   WhereOf(task), find.detect.min_score);
  EYECHART_REQUIRE(find.detect.most > 0 && find.most_kept > 0,
                   "{}: before_nms {} and max_boxes {}: should be at least 1",
                   WhereOf(task), find.detect.most, find.most_kept);
  return find;
}

data::BoxOptions BoxOptionsOf(const TaskSpec& task) {
  data::BoxOptions options;
  options.single_class = task.keys.at("single_class") == "true";
  return options;
}

// Of keys or a setting, what has no say in a result goes: the sigma of what is
// not soft-gaussian, which has no overlap, all of suppression where the head
// needs none, and the rule of shots where there are none. Points of a grid that
// differ in these are one cell.
void LeaveOutUnused(const TaskSpec& task,
                    bool suppresses,
                    std::map<std::string, std::string>& keys) {
  keys.erase(task.keys.at("nms") == "soft-gaussian" ? "nms_iou" : "nms_sigma");
  if (NumberOf(task, "shots") == 0) keys.erase("shot_rule");
  if (!suppresses)
    std::erase_if(keys, [](const auto& key) { return IsOfNms(key.first); });
}

DetectJob JobOf(const TaskSpec& task) {
  DetectJob job;
  detection::TransferOptions& o = job.options;
  o.head = task.keys.at("head");
  job.train = TextOf(task, "train_part");
  job.test = TextOf(task, "part");
  job.data = BoxOptionsOf(task);
  o.width = WholeOf(task, "width");
  o.layers = WholeOf(task, "layers");
  o.denoising = WholeOf(task, "denoise");
  o.own_stages = !IsFirst(task, "stages", "last", "own");
  o.keep_aspect = task.keys.at("keep_aspect") == "true";
  o.train.steps = WholeOf(task, "steps");
  o.epochs = NumberOf(task, "epochs");
  o.train.batch = WholeOf(task, "train_batch");
  o.train.rate = NumberOf(task, "rate");
  o.unfreeze = WholeOf(task, "unfreeze");
  o.train.unfreeze_rate_factor = NumberOf(task, "unfreeze_rate_factor");
  o.variants = WholeOf(task, "variants");
  o.train.patience = WholeOf(task, "patience");
  o.train.keep_best = IsFirst(task, "keep", "best", "last");
  o.validation = NumberOf(task, "validation");
  EYECHART_REQUIRE(o.validation >= 0 && o.validation < 1,
                   "{}: validation {:g}: a share of the training pictures, at "
                   "least 0 and below 1",
                   WhereOf(task), o.validation);
  o.shots = WholeOf(task, "shots");
  o.shot_rule = IsFirst(task, "shot_rule", "boxes", "pictures")
                    ? data::ShotRule::kBoxes
                    : data::ShotRule::kPictures;
  o.images = WholeOf(task, "images");
  o.seed = static_cast<std::uint64_t>(WholeOf(task, "seed"));
  o.runs = static_cast<int>(WholeOf(task, "runs"));
  o.encode_batch = BatchOf(task);
  o.find = FindOf(task);
  RequireDetectJob(job);
  return job;
}

// Whether it says how boxes are found with a head, whatever trained it. `batch`
// is not among these: the encoder's products are rounded by it.
bool IsOfFinding(std::string_view key) {
  return IsOfNms(key) || key == "min_score" || key == "before_nms" ||
         key == "max_boxes";
}

// What the training of a cell's head is called; empty where how boxes are found
// has a say in it, by a stop (patience), or where the encoder's blocks, which
// are large, are trained too.
std::string TrainingOf(const TaskSpec& task, const Cell& cell) {
  if (IsExported(cell) || WholeOf(task, "patience") > 0 ||
      WholeOf(task, "unfreeze") > 0)
    return {};
  std::map<std::string, std::string> setting = cell.setting;
  std::erase_if(setting,
                [](const auto& key) { return IsOfFinding(key.first); });
  return fmt::format("{}/{}/{}", cell.encoder, cell.dataset->name,
                     SettingText(setting));
}

bool Suppresses(const TaskSpec& task) { return task.keys.at("head") != "set"; }

// Whether a point of the same task before this one makes the same result of a
// trained head.
bool IsMadeBefore(const SuiteSpec& suite, const TaskSpec& task) {
  const auto telling = [](const TaskSpec& one) {
    std::map<std::string, std::string> keys = one.keys;
    LeaveOutUnused(one, Suppresses(one), keys);
    return keys;
  };
  for (const TaskSpec& one : suite.tasks) {
    if (&one == &task) return false;
    if (one.line == task.line && telling(one) == telling(task)) return true;
  }
  return false;
}

// An exported detector's suppression is its own affair, whatever the head's: of
// its cells the planner keeps the first.
void LeaveOutNms(const SuiteSpec& suite,
                 const TaskSpec& task,
                 std::vector<Cell>& cells) {
  if (IsMadeBefore(suite, task))
    std::erase_if(cells, [](const Cell& cell) { return !IsExported(cell); });
  for (Cell& cell : cells)
    LeaveOutUnused(task, IsExported(cell) || Suppresses(task), cell.setting);
}

std::vector<Cell> PlanDetect(const SuiteSpec& suite, const TaskSpec& task) {
  JobOf(task);
  for (const DatasetSpec* dataset : DatasetsOf(suite, task))
    EYECHART_REQUIRE(dataset->options.kind == "boxes",
                     "{}:{}: [[task]]: data set \"{}\" is of kind \"{}\"; "
                     "detect needs one of kind \"boxes\"",
                     suite.file.string(), task.line, dataset->name,
                     dataset->options.kind);
  std::vector<Cell> cells = CellOfEach(suite, task);
  std::vector<std::string_view> of_training;
  for (const TaskKey& key : kDetectKeys)
    if (IsOfTraining(key.name)) of_training.push_back(key.name);
  LeaveOutKeys(suite, task, of_training, cells);
  LeaveOutNms(suite, task, cells);
  // A record's "validation" is how many pictures there were; the share is
  // called there as of `detect train`.
  for (Cell& cell : cells)
    if (auto share = cell.setting.extract("validation"); !share.empty()) {
      share.key() = "validation_share";
      cell.setting.insert(std::move(share));
    }
  for (Cell& cell : cells) cell.training = TrainingOf(task, cell);
  return cells;
}

void WriteOutcomes(const TaskContext& context, const std::string& outcomes) {
  CreateFolder(context.outcomes.parent_path());
  WriteFileAtomic(context.outcomes, outcomes);
}

std::vector<Record> TestExported(const Cell& cell, TaskContext& context) {
  ExportedDetectJob job;
  job.model = cell.encoders[0]->model;
  job.root = cell.dataset->options.path;
  job.part = TextOf(*cell.task, "part");
  job.data = BoxOptionsOf(*cell.task);
  job.find = FindOf(*cell.task);
  job.out = context.artifacts;
  ExportedDetectOutcome made = RunExportedDetectJob(job, context.progress);
  WriteOutcomes(context, made.outcomes);
  return std::move(made.records);
}

std::vector<Record> RunDetect(const Cell& cell, TaskContext& context) {
  if (IsExported(cell)) return TestExported(cell, context);
  DetectJob job = JobOf(*cell.task);
  job.root = cell.dataset->options.path;
  job.out = context.artifacts;
  job.options.shared = context.training;
  encoders::LoadedModel model = encoders::LoadModel(cell.encoders[0]->model);
  const DetectOutcome made = RunDetectJob(model, job, context.progress);
  WriteOutcomes(context, made.outcomes);
  RemoveTrainState(job.out);
  return DetectRecords(made);
}

}  // namespace

const TaskKind kDetectTask = {
    "detect",
    "detection transfer: a head trained on frozen maps, or an exported "
    "detector as it is; COCO's figures",
    true,
    kDetectKeys,
    PlanDetect,
    RunDetect,
    /*takes_exported=*/true};

}  // namespace eyechart::suite
