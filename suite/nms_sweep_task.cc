// Task kind `nms-sweep`: average precision and end-to-end time of a detector at
// the same thresholds.
#include <array>

#include "benchmarks/nms_sweep/nms_sweep_json.h"
#include "core/error.h"
#include "data/preprocess.h"
#include "probes/detection/transfer/detector.h"
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
  return cells;
}

std::vector<Record> Run(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  const benchmarks::NmsSweepOptions options = OptionsOf(task);
  const std::string from = DetectorCellOf(cell, task);
  const fs::path folder = from.empty() ? fs::path(TextOf(task, "detector"))
                                       : DetectorFolder(context, from);
  const detection::Detector detector = detection::ReadDetector(folder);
  detection::RequireFrozen(detector, folder);
  encoders::LoadedModel model = encoders::LoadModel(cell.encoders[0]->model);
  detection::RequireFits(detector, model, folder);
  const detection::TransferSets sets = detection::OpenTransferSets(
      cell.dataset->options.path, TextOf(task, "part"), {});
  benchmarks::MonotonicClock clock;
  const benchmarks::NmsSweep sweep = benchmarks::SweepNms(
      detector, model, sets.test, clock, options, context.progress);
  for (const std::string& warning : sweep.warnings)
    context.progress.Warn(warning);
  benchmarks::WriteNmsSweep(context.artifacts, sweep);
  Record base;
  base.cell = cell.id;
  base.encoder = cell.encoder;
  base.task = task.kind;
  base.dataset = cell.dataset->name;
  base.setting = cell.setting;
  base.weights_sha256 = model.weights_sha256;
  base.preprocess_sha256 = data::PreprocessSha256(model.preprocess);
  return benchmarks::NmsSweepRecords(sweep, base);
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
