// Task kind `nms-sweep`: average precision and end-to-end time of a detector at
// the same thresholds.
#include <array>
#include <memory>
#include <utility>

#include "benchmarks/nms_sweep/nms_sweep_json.h"
#include "core/error.h"
#include "data/preprocess.h"
#include "probes/detection/transfer/detector.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/detection/transfer/transfer.h"
#include "suite/detector_cell.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using Type = TaskKey::Type;

constexpr std::array kKeys = {
    TaskKey{"detector_cell", Type::kText, "", false,
            "an earlier detect cell of this suite whose detector it is; "
            "{encoder} stands for the encoder's name"},
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
    TaskKey{"repetitions", Type::kNumber, "7", false,
            "timings of NMS a picture and setting"},
    TaskKey{"cost_pictures", Type::kNumber, "32", false,
            "pictures for the curve of NMS time against boxes; 0: none"},
    TaskKey{"seed", Type::kNumber, "0", false, "of orders"},
};

benchmarks::NmsSweepOptions OptionsOf(const TaskSpec& task) {
  benchmarks::NmsSweepOptions options;
  options.repetitions = static_cast<int>(WholeOf(task, "repetitions"));
  options.cost_pictures = WholeOf(task, "cost_pictures");
  options.seed = static_cast<std::uint64_t>(WholeOf(task, "seed"));
  benchmarks::RequireSweepOptions(options);
  EYECHART_REQUIRE(
      TextOf(task, "detector").empty() != TextOf(task, "detector_cell").empty(),
      "{}: detector or detector_cell: one of them", WhereOf(task));
  EYECHART_REQUIRE(
      TextOf(task, "beside").empty() || TextOf(task, "beside_cell").empty(),
      "{}: beside or beside_cell: one of them", WhereOf(task));
  return options;
}

std::vector<Cell> Plan(const SuiteSpec& suite, const TaskSpec& task) {
  OptionsOf(task);
  for (const DatasetSpec* dataset : DatasetsOf(suite, task))
    EYECHART_REQUIRE(dataset->options.kind == "boxes",
                     "{}:{}: [[task]]: data set \"{}\" is of kind \"{}\"; "
                     "nms-sweep needs one of kind \"boxes\"",
                     suite.file.string(), task.line, dataset->name,
                     dataset->options.kind);
  std::vector<Cell> cells = CellOfEach(suite, task);
  if (!TextOf(task, "detector_cell").empty())
    RequireDetectorCells(suite, task, cells);
  if (!TextOf(task, "beside_cell").empty())
    RequireDetectorCells(suite, task, cells, "beside_cell");
  return cells;
}

// The folder that the keys `cell_key` or `folder_key` name; empty: neither.
fs::path FolderOf(const Cell& cell,
                  const TaskContext& context,
                  const char* cell_key,
                  const char* folder_key) {
  const std::string from = DetectorCellOf(cell, *cell.task, cell_key);
  return from.empty() ? fs::path(TextOf(*cell.task, folder_key))
                      : DetectorFolder(context, from);
}

// A head on the encoder's maps, checked against the encoder.
detection::Detector OpenHead(const fs::path& folder,
                             const encoders::LoadedModel& model) {
  detection::Detector detector = detection::ReadDetector(folder);
  detection::RequireFrozen(detector, folder);
  detection::RequireFits(detector, model, folder);
  return detector;
}

// The cell of what stands beside, so that a report shows both.
void NameBeside(const Cell& cell, Record& record) {
  record.setting["sweep"] = "beside";
  record.cell = cell.encoder + "/" + cell.task->kind + "/" +
                cell.dataset->name + "/" + SettingText(record.setting);
}

std::vector<Record> Run(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  const benchmarks::NmsSweepOptions options = OptionsOf(task);
  const fs::path folder = FolderOf(cell, context, "detector_cell", "detector");
  const fs::path beside = FolderOf(cell, context, "beside_cell", "beside");
  // Quick to find missing, before anything is measured.
  const bool exported = detection::IsExportedDetector(beside.string());
  encoders::LoadedModel model = encoders::LoadModel(cell.encoders[0]->model);
  const detection::Detector detector = OpenHead(folder, model);
  std::unique_ptr<detection::ExportedDetector> program;
  detection::Detector other;
  if (exported) {
    encoders::ModelSpec spec = cell.encoders[0]->model;
    spec.model = beside.string();
    spec.pool.clear();
    spec.resolution.clear();
    program = std::make_unique<detection::ExportedDetector>(spec);
  } else if (!beside.empty()) {
    other = OpenHead(beside, model);
  }
  const detection::TransferSets sets = detection::OpenTransferSets(
      cell.dataset->options.path, TextOf(task, "part"), {});
  benchmarks::MonotonicClock clock;
  const auto told = [&](benchmarks::NmsSweep sweep) {
    for (const std::string& warning : sweep.warnings)
      context.progress.Warn(warning);
    return sweep;
  };
  const benchmarks::NmsSweep sweep = told(benchmarks::SweepNms(
      detector, model, sets.test, clock, options, context.progress));
  benchmarks::WriteNmsSweep(context.artifacts, sweep);
  Record base;
  base.cell = cell.id;
  base.encoder = cell.encoder;
  base.task = task.kind;
  base.dataset = cell.dataset->name;
  base.setting = cell.setting;
  base.weights_sha256 = model.weights_sha256;
  base.preprocess_sha256 = data::PreprocessSha256(model.preprocess);
  std::vector<Record> records = benchmarks::NmsSweepRecords(sweep, base);
  if (beside.empty()) return records;
  const benchmarks::NmsSweep second =
      told(exported ? benchmarks::SweepNms(*program, sets.test, clock, options,
                                           context.progress)
                    : benchmarks::SweepNms(other, model, sets.test, clock,
                                           options, context.progress));
  NameBeside(cell, base);
  if (exported) {
    base.weights_sha256 = program->weights_sha256();
    base.preprocess_sha256 = data::PreprocessSha256(program->preprocess());
  }
  benchmarks::WriteNmsSweep(
      context.artifacts.parent_path() / CellSlug(base.cell), second);
  for (Record& record : benchmarks::NmsSweepRecords(second, base))
    records.push_back(std::move(record));
  return records;
}

}  // namespace

const TaskKind kNmsSweepTask = {
    "nms-sweep",
    "a detector's AP and end-to-end time at the same thresholds of NMS",
    true,
    kKeys,
    Plan,
    Run};

}  // namespace eyechart::suite
