// Task kind `nms-sweep`: average precision and end-to-end time of a detector at
// the same thresholds.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/nms_sweep/nms_sweep_json.h"
#include "benchmarks/vision/measure.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"
#include "data/preprocess.h"
#include "probes/detection/transfer/detector.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/detection/transfer/transfer.h"
#include "suite/detector_cell.h"
#include "suite/exported_cells.h"
#include "suite/nms_keys.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using Type = TaskKey::Type;

constexpr std::array kNmsSweepKeys = {
    TaskKey{"detector_cell", Type::kText, "", false,
            "an earlier detect cell of this suite whose detector it is; "
            "{encoder} stands for the encoder's name, at its own settings"},
    TaskKey{"detector", Type::kText, "", false,
            "instead: folder of a trained detector (relative to where eyechart "
            "runs)"},
    TaskKey{"beside_cell", Type::kText, "", false,
            "another detect cell, swept at the same thresholds: a head without "
            "NMS beside one with it"},
    TaskKey{"beside", Type::kText, "", false,
            "instead: folder of another trained detector of the same encoder, "
            "or of an exported one"},
    TaskKey{"part", Type::kText, "", false,
            "part of the set (default: test, or valid)"},
    TaskKey{"confidences", Type::kText, "0.001,0.01,0.05,0.1,0.3", false,
            "least scores of boxes that go into NMS"},
    TaskKey{"ious", Type::kText, "0.5,0.6,0.7,0.8", false,
            "overlaps above which the lesser box goes"},
    kNmsKey,
    kNmsClassesKey,
    kNmsSigmaKey,
    TaskKey{"before_nms", Type::kNumber, "1000", false,
            "boxes a picture before NMS"},
    TaskKey{"max_boxes", Type::kNumber, "100", false,
            "boxes a picture that are kept"},
    TaskKey{"repetitions", Type::kNumber, "7", false,
            "timings of NMS a picture and setting"},
    TaskKey{"cost_pictures", Type::kNumber, "32", false,
            "pictures for the curve of NMS time against boxes; 0: none"},
    TaskKey{"bootstrap", Type::kNumber, "0", false,
            "resamples of the pictures for intervals of AP; 0: none"},
    TaskKey{"seed", Type::kNumber, "0", false, "of orders and resamples"},
    TaskKey{"allow", Type::kBoolean, "true", false,
            "measure on a busy machine all the same, and say so in the record; "
            "false: the cell fails"},
};

bool Allowed(const TaskSpec& task) { return task.keys.at("allow") == "true"; }

// "0.5,0.6"; a list of TOML would be a grid.
std::vector<double> NumbersOf(const TaskSpec& task, const char* key) {
  const std::string& text = task.keys.at(key);
  std::vector<double> numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto number = ParseDouble(text.substr(begin, end - begin));
    EYECHART_REQUIRE(number.has_value(),
                     "{}: {} is \"{}\"; should be numbers with commas "
                     "between, as \"0.5,0.6\"",
                     WhereOf(task), key, text);
    numbers.push_back(*number);
    begin = end + 1;
  }
  return numbers;
}

benchmarks::NmsSweepOptions NmsSweepOptionsOf(const TaskSpec& task) {
  benchmarks::NmsSweepOptions options;
  options.confidences = NumbersOf(task, "confidences");
  options.ious = NumbersOf(task, "ious");
  const double cost_iou = options.nms.iou_threshold;
  options.nms = NmsOptionsOf(task);
  options.nms.iou_threshold = cost_iou;
  options.most = WholeOf(task, "before_nms");
  options.most_kept = WholeOf(task, "max_boxes");
  options.resamples = static_cast<int>(WholeOf(task, "bootstrap"));
  options.repetitions = static_cast<int>(WholeOf(task, "repetitions"));
  options.cost_pictures = WholeOf(task, "cost_pictures");
  options.seed = static_cast<std::uint64_t>(WholeOf(task, "seed"));
  try {
    benchmarks::RequireSweepOptions(options);
  } catch (const InputError& error) {
    ThrowInput("{}: {} (keys of a suite have '_' for '-')", WhereOf(task),
               error.what());
  }
  EYECHART_REQUIRE(
      TextOf(task, "detector").empty() || TextOf(task, "detector_cell").empty(),
      "{}: detector or detector_cell: one of them", WhereOf(task));
  EYECHART_REQUIRE(
      TextOf(task, "beside").empty() || TextOf(task, "beside_cell").empty(),
      "{}: beside or beside_cell: one of them", WhereOf(task));
  return options;
}

std::vector<Cell> PlanNmsSweep(const SuiteSpec& suite, const TaskSpec& task) {
  NmsSweepOptionsOf(task);
  for (const DatasetSpec* dataset : DatasetsOf(suite, task))
    EYECHART_REQUIRE(dataset->options.kind == "boxes",
                     "{}:{}: [[task]]: data set \"{}\" is of kind \"{}\"; "
                     "nms-sweep needs one of kind \"boxes\"",
                     suite.file.string(), task.line, dataset->name,
                     dataset->options.kind);
  std::vector<Cell> cells = CellOfEach(suite, task);
  std::vector<std::string_view> of_heads = {"detector", "detector_cell",
                                            "beside_cell"};
  // Beside an exported detector another may stand, but no head.
  if (!detection::IsExportedDetector(TextOf(task, "beside")))
    of_heads.push_back("beside");
  LeaveOutKeys(suite, task, of_heads, cells);
  EYECHART_REQUIRE(!TextOf(task, "detector").empty() ||
                       !TextOf(task, "detector_cell").empty() ||
                       std::all_of(cells.begin(), cells.end(), IsExported),
                   "{}: detector or detector_cell: one of them", WhereOf(task));
  FindHeads(suite, task, cells);
  FindHeads(suite, task, cells, "beside_cell");
  return cells;
}

// The folder that the keys `cell_key` or `folder_key` name; empty: neither.
fs::path FolderOf(const Cell& cell,
                  const TaskContext& context,
                  const char* cell_key,
                  const char* folder_key) {
  const std::string head = HeadOf(cell, cell_key);
  return head.empty() ? fs::path(TextOf(*cell.task, folder_key))
                      : DetectorFolder(context, head);
}

// What is swept: a head on the encoder's maps, or a program.
struct Subject {
  detection::Detector head;
  std::unique_ptr<detection::ExportedDetector> program;
};

// `model` is the encoder; null where the cell's is an exported detector.
Subject OpenSweepData(const fs::path& folder,
                      const EncoderSpec& encoder,
                      const encoders::LoadedModel* model) {
  Subject subject;
  if (detection::IsExportedDetector(folder.string())) {
    encoders::ModelSpec spec = encoder.model;
    // The pool and the size are the encoder's.
    if (model != nullptr) {
      spec.pool.clear();
      spec.resolution.clear();
    }
    spec.model = folder.string();
    subject.program = std::make_unique<detection::ExportedDetector>(spec);
    return subject;
  }
  EYECHART_REQUIRE(model != nullptr,
                   "{}: is no exported detector; a trained head needs the "
                   "encoder that it was trained on",
                   folder.string());
  subject.head = detection::ReadDetector(folder);
  detection::RequireFrozen(subject.head, folder);
  detection::RequireFits(subject.head, *model, folder);
  return subject;
}

// The cell of what stands beside, so that a report shows both.
void NameBeside(const Cell& cell, Record& record) {
  record.setting["sweep"] = "beside";
  record.cell = cell.encoder + "/" + cell.task->kind + "/" +
                cell.dataset->name + "/" + SettingText(record.setting);
}

std::vector<Record> RunNmsSweep(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  const benchmarks::NmsSweepOptions options = NmsSweepOptionsOf(task);
  const EncoderSpec& encoder = *cell.encoders[0];
  const bool exported = IsExported(cell);
  std::vector<fs::path> folders;
  if (exported)
    folders = {encoder.model.model, cell.setting.contains("beside")
                                        ? TextOf(task, "beside")
                                        : std::string()};
  else
    folders = {FolderOf(cell, context, "detector_cell", "detector"),
               FolderOf(cell, context, "beside_cell", "beside")};
  if (folders.back().empty()) folders.pop_back();
  EYECHART_REQUIRE(
      exported || !detection::IsExportedDetector(folders.front().string()),
      "detector {}: is an exported detector, no head on \"{}\"; name it in an "
      "[[encoder]] of its own, or as beside",
      folders.front().string(), cell.encoder);
  std::optional<encoders::LoadedModel> model;
  if (!exported) model = encoders::LoadModel(encoder.model);
  // Quick to find missing, before anything is measured.
  std::vector<Subject> subjects;
  for (const fs::path& folder : folders)
    subjects.push_back(
        OpenSweepData(folder, encoder, model ? &*model : nullptr));
  // A head of a single class is judged on a set of one, as it was trained.
  data::BoxOptions read;
  read.single_class = detection::IsSingleClass(subjects.front().head);
  const data::BoxDataset set = detection::OpenTestSet(
      cell.dataset->options.path, TextOf(task, "part"), read);
  const bool allow = Allowed(task);
  const std::vector<benchmarks::Finding> before =
      benchmarks::JudgeBefore(allow, encoder.model.device);
  benchmarks::MonotonicClock clock;
  // artifacts/ and samples/ stand beside outcomes/ in the run folder.
  const fs::path run = context.outcomes.parent_path().parent_path();
  std::vector<Record> records;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    Subject& subject = subjects[i];
    detection::ExportedDetector* program = subject.program.get();
    const benchmarks::MachineWatch watch =
        benchmarks::WatchMachine(clock, encoder.model.device);
    benchmarks::NmsSweep sweep =
        program != nullptr
            ? benchmarks::SweepNms(*program, set, clock, options,
                                   context.progress)
            : benchmarks::SweepNms(subject.head, *model, set, clock, options,
                                   context.progress);
    for (const std::string& warning : sweep.warnings)
      context.progress.Warn(warning);
    benchmarks::TakeFindings(before, watch.Finish(), allow, sweep);
    Record base;
    base.cell = cell.id;
    base.encoder = cell.encoder;
    base.task = task.kind;
    base.dataset = cell.dataset->name;
    base.setting = cell.setting;
    base.weights_sha256 =
        program != nullptr ? program->weights_sha256() : model->weights_sha256;
    base.preprocess_sha256 = data::PreprocessSha256(
        program != nullptr ? program->preprocess() : model->preprocess);
    if (i > 0) NameBeside(cell, base);
    // As bench's records have it, no part of the cell's name. A frozen
    // encoder's detector has no weights but the head's.
    if (program == nullptr)
      base.setting["detector_sha256"] =
          Sha256File(folders[i] / "head.safetensors");
    benchmarks::WriteNmsSweep(benchmarks::NmsSweepFilesOf(run, base.cell),
                              sweep);
    // A cell that fails leaves what it was measured by all the same.
    for (const benchmarks::Finding& finding : sweep.findings)
      EYECHART_REQUIRE(!finding.fatal, "the measurement is not valid: {}; {}",
                       finding.reason, finding.advice);
    for (Record& record : benchmarks::NmsSweepRecords(sweep, base))
      records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

const TaskKind kNmsSweepTask = {
    "nms-sweep",
    "a detector's AP and end-to-end time at the same thresholds of NMS",
    true,
    kNmsSweepKeys,
    PlanNmsSweep,
    RunNmsSweep,
    /*takes_exported=*/true};

}  // namespace eyechart::suite
