// Task kind `bench`: an encoder under load, with its detector or without, an
// exported detector, or another program.
#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include "benchmarks/load/cache_audit.h"
#include "benchmarks/load/load_json.h"
#include "benchmarks/vision/bench_records.h"
#include "benchmarks/vision/encoder_bench.h"
#include "benchmarks/vision/encoder_curves.h"
#include "benchmarks/vision/exported_bench.h"
#include "benchmarks/vision/external_bench.h"
#include "core/error.h"
#include "core/text.h"
#include "encoders/device.h"
#include "suite/detector_cell.h"
#include "suite/exported_cells.h"
#include "suite/nms_keys.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using Type = TaskKey::Type;

constexpr std::array kBenchKeys = {
    TaskKey{"scenario", Type::kText, "single-stream", false,
            "single-stream, multi-stream, server or offline"},
    TaskKey{"batch", Type::kNumber, "0", false,
            "pictures a query; 0: 1, multi-stream 8, offline 32"},
    TaskKey{"lanes", Type::kNumber, "1", false,
            "queries under way at a time (server, offline)"},
    TaskKey{"workers", Type::kNumber, "0", false,
            "threads that decode and resize; 0: one a hardware thread"},
    TaskKey{"cuda_graphs", Type::kBoolean, "false", false,
            "on CUDA the encoder's pass is recorded and replayed"},
    TaskKey{"pictures", Type::kNumber, "512", false,
            "distinct pictures that are asked for, by seed; 0: all"},
    TaskKey{"min_seconds", Type::kNumber, "10", false, "a run lasts at least"},
    TaskKey{"min_queries", Type::kNumber, "0", false,
            "and has at least so many; 0: what the scenario's percentile "
            "needs"},
    TaskKey{"max_seconds", Type::kNumber, "3600", false,
            "it ends here in any case"},
    TaskKey{"warmup", Type::kNumber, "10", false,
            "queries a lane before the clock runs"},
    TaskKey{"seed", Type::kNumber, "0", false,
            "of pictures, their order and arrival times"},
    TaskKey{"target_rate", Type::kNumber, "0", false,
            "server: queries a second"},
    TaskKey{"bound_ms", Type::kNumber, "0", false,
            "server: latency that the percentile must keep; 0: none"},
    TaskKey{"percentile", Type::kNumber, "99", false,
            "server: the one that is bounded"},
    TaskKey{"find_peak", Type::kBoolean, "false", false,
            "server: search the highest rate that keeps the bound"},
    TaskKey{"percentile_method", Type::kText, "nearest-rank", false,
            "nearest-rank or mlperf"},
    TaskKey{"detector", Type::kText, "", false,
            "folder of a trained detector (relative to where eyechart runs)"},
    TaskKey{"detector_cell", Type::kText, "", false,
            "an earlier detect cell of this suite whose detector it is; "
            "{encoder} stands for the encoder's name, at its own settings"},
    TaskKey{"min_score", Type::kNumber, "", false,
            "with a detector: boxes below it are left out (default: 0.001, at "
            "which detect scores; of a `detector` folder 0.05)"},
    kNmsKey,
    kNmsClassesKey,
    TaskKey{"nms_iou", Type::kNumber, "0.6", false,
            "with a detector: overlap above which the lesser box goes"},
    kNmsSigmaKey,
    TaskKey{"before_nms", Type::kNumber, "1000", false,
            "with a detector: boxes a picture before suppression"},
    TaskKey{"max_boxes", Type::kNumber, "100", false,
            "with a detector: boxes kept a picture"},
    TaskKey{"batch_curve", Type::kText, "", false,
            "batch sizes, as \"1,2,4,8\": throughput with its knee, and the "
            "encoder under the machine's roofs"},
    TaskKey{"cache_audit", Type::kBoolean, "false", false,
            "does asking for the same picture again flatter? (bench.json)"},
    TaskKey{"allow", Type::kBoolean, "true", false,
            "measure on a busy machine all the same, and say so in the record; "
            "false: the cell fails"},
};

bool Is(const TaskSpec& task, const char* key) {
  return task.keys.at(key) == "true";
}

// What is timed is what was scored: `detect` has FindOptions' own thresholds. A
// folder's detector may be from anywhere; it is timed as one deploys it.
detection::FindOptions FindOptionsOf(const TaskSpec& task) {
  detection::FindOptions find;
  if (!TextOf(task, "min_score").empty())
    find.detect.min_score = NumberOf(task, "min_score");
  else if (!TextOf(task, "detector").empty())
    find.detect.min_score =
        benchmarks::EncoderBenchOptions().find.detect.min_score;
  find.nms = NmsOptionsOf(task);
  find.nms.iou_threshold = NumberOf(task, "nms_iou");
  find.detect.most = WholeOf(task, "before_nms");
  find.most_kept = WholeOf(task, "max_boxes");
  EYECHART_REQUIRE(
      find.detect.min_score >= 0 && find.detect.min_score < 1,
      "{}: min_score {:g}: should be from 0 to below 1, as 0.001 or 0.05",
      WhereOf(task), find.detect.min_score);
  EYECHART_REQUIRE(find.nms.iou_threshold >= 0 && find.nms.iou_threshold <= 1,
                   "{}: nms_iou {:g}: should be from 0 to 1, as 0.6",
                   WhereOf(task), find.nms.iou_threshold);
  EYECHART_REQUIRE(find.detect.most >= 1 && find.most_kept >= 1,
                   "{}: before_nms {} and max_boxes {}: both should be 1 or "
                   "more, as 1000 and 100",
                   WhereOf(task), find.detect.most, find.most_kept);
  return find;
}

// Checked as far as it can be without a model.
benchmarks::MeasureOptions BenchOptionsOf(const TaskSpec& task) {
  benchmarks::MeasureOptions options;
  benchmarks::LoadOptions& load = options.load;
  options.scenarios = {benchmarks::ParseScenario(task.keys.at("scenario"))};
  load.samples_per_query = WholeOf(task, "batch");
  load.lanes = static_cast<int>(WholeOf(task, "lanes"));
  load.min_seconds = NumberOf(task, "min_seconds");
  load.min_queries = WholeOf(task, "min_queries");
  load.max_seconds = NumberOf(task, "max_seconds");
  load.warmup_queries = WholeOf(task, "warmup");
  load.seed = static_cast<std::uint64_t>(WholeOf(task, "seed"));
  load.seeds = benchmarks::LoadSeeds::From(load.seed);
  load.server.rate = NumberOf(task, "target_rate");
  const double bound_ms = NumberOf(task, "bound_ms");
  if (bound_ms != 0)
    load.server.bound_ns = static_cast<std::int64_t>(bound_ms * 1e6);
  load.server.percentile = NumberOf(task, "percentile");
  load.estimators.method =
      benchmarks::ParsePercentileMethod(task.keys.at("percentile_method"));
  load.trace_spans = benchmarks::kTraceSpans;
  options.find_peak = Is(task, "find_peak");
  options.cache_audit = Is(task, "cache_audit");
  options.allow = Is(task, "allow");
  try {
    if (!TextOf(task, "batch_curve").empty())
      benchmarks::ParseBatches(TextOf(task, "batch_curve"));
    benchmarks::LoadOptionsOf(options, options.scenarios.front());
  } catch (const InputError& error) {
    ThrowInput("{}: {} (keys of a suite have '_' for '-')", WhereOf(task),
               error.what());
  }
  EYECHART_REQUIRE(
      TextOf(task, "detector").empty() || TextOf(task, "detector_cell").empty(),
      "{}: detector and detector_cell: one of them", WhereOf(task));
  return options;
}

std::vector<Cell> PlanBench(const SuiteSpec& suite, const TaskSpec& task) {
  BenchOptionsOf(task);
  FindOptionsOf(task);
  std::vector<Cell> cells = CellOfEach(suite, task);
  LeaveOutKeys(suite, task, {"detector", "detector_cell", "cuda_graphs"},
               cells);
  LeaveOutModelKeys(suite, task,
                    {"workers", "min_score", "nms", "nms_classes", "nms_iou",
                     "nms_sigma", "before_nms", "max_boxes", "batch_curve"},
                    cells);
  FindHeads(suite, task, cells);
  return cells;
}

void WarnOf(const std::vector<benchmarks::Finding>& findings,
            TaskContext& context) {
  for (const benchmarks::Finding& finding : findings)
    context.progress.Warn(finding.reason + ": " + finding.advice);
}

// Writes the audit's samples; what it found is the caller's to write.
benchmarks::MeasuredAudit MeasureCacheAudit(
    benchmarks::DeviceUnderTest& device,
    const c10::Device& memory,
    const benchmarks::MeasureOptions& options,
    TaskContext& context) {
  benchmarks::AuditOptions asked;
  asked.seeds = options.load.seeds;
  context.progress.Note("cache audit");
  benchmarks::MonotonicClock clock;
  benchmarks::MeasuredAudit audit =
      benchmarks::MeasureAudit(device, clock, asked, memory, options.allow);
  WarnOf(audit.audit.findings, context);
  WarnOf(audit.findings, context);
  benchmarks::WriteAudit(context.artifacts, audit);
  return audit;
}

// The batch curve of a model, with the machine's roofs. Throws InputError, with
// both written, where one is not valid and that is not allowed.
template <typename Bench>
void MeasureBatchCurve(Bench& bench,
                       const std::string& batches,
                       const Cell& cell,
                       const benchmarks::MeasureOptions& options,
                       TaskContext& context) {
  benchmarks::MonotonicClock clock;
  benchmarks::CurveOptions curve;
  curve.batches = benchmarks::ParseBatches(batches);
  curve.seed = options.load.seed;
  curve.min_seconds = std::min(curve.min_seconds, options.load.min_seconds);
  curve.allow = options.allow;
  curve.resolution = cell.encoders[0]->model.resolution;
  curve.head_cell = HeadOf(cell);
  context.progress.Note("batch curve and roofline");
  const benchmarks::EncoderCurves curves =
      benchmarks::MeasureCurves(bench, cell.encoder, clock, curve);
  WarnOf(curves.findings, context);
  const benchmarks::MachineCeilings ceilings =
      benchmarks::WriteWithRoofs(context.artifacts, curves, options.allow);
  WarnOf(ceilings.findings, context);
  if (options.allow) return;
  benchmarks::RequireNoneFatal(curves.findings, "the batch curve");
  benchmarks::RequireNoneFatal(ceilings.findings, "the roofline");
}

// Puts `bench`, an EncoderBench, an ExportedBench or an ExternalBench, which
// computes on `device`, under load.
template <typename Bench>
std::vector<Record> RunBench(Bench& bench,
                             const c10::Device& device,
                             const Cell& cell,
                             const benchmarks::MeasureOptions& options,
                             const std::vector<benchmarks::Finding>& before,
                             TaskContext& context) {
  for (const std::string& warning : bench.picked().warnings)
    context.progress.Warn(warning);
  benchmarks::MonotonicClock clock;
  benchmarks::Measured measured =
      benchmarks::Measure(bench.device(), clock, options,
                          options.scenarios.front(), before, device);
  constexpr bool kOfProgram = std::is_same_v<Bench, benchmarks::ExternalBench>;
  // The program's memory, not that of who starts it.
  if constexpr (kOfProgram)
    measured.load.peak_memory_bytes = bench.device().peak_memory_bytes();
  Json json = benchmarks::MeasuredJson(measured, bench.setting());
  json.update(bench.Describe());
  // A cell that fails, here or below, leaves what it was measured by all the
  // same. samples/ stands beside outcomes/ in the run folder.
  const fs::path run = context.outcomes.parent_path().parent_path();
  const fs::path file = context.artifacts / "bench.json";
  benchmarks::WriteBenchFiles({run / "samples" / context.outcomes.filename(),
                               file, context.artifacts / "trace.json",
                               context.artifacts / "peak_samples.csv"},
                              measured, json);
  if (!options.allow)
    benchmarks::RequireNoneFatal(measured.load.findings, "the measurement");
  std::optional<benchmarks::MeasuredAudit> audit;
  if (options.cache_audit) {
    audit = MeasureCacheAudit(bench.device(), device, options, context);
    json["cache_audit"] = benchmarks::MeasuredAuditJson(*audit);
    benchmarks::WriteBenchFiles({{}, file, {}}, measured, json);
    if (!options.allow)
      benchmarks::RequireNoneFatal(audit->findings, "the cache audit");
  }
  if constexpr (!kOfProgram)
    if (const std::string batches = TextOf(*cell.task, "batch_curve");
        !batches.empty())
      MeasureBatchCurve(bench, batches, cell, options, context);
  Record base = bench.BaseRecord();
  base.setting = benchmarks::ThresholdSetting(json);
  std::vector<Record> records = benchmarks::BenchRecords(measured, base);
  if (audit.has_value())
    for (Record& record : benchmarks::AuditRecords(*audit, base))
      records.push_back(std::move(record));
  return records;
}

std::vector<Record> RunBenchCell(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  const EncoderSpec& encoder = *cell.encoders[0];
  const benchmarks::MeasureOptions options = BenchOptionsOf(task);
  const std::vector<benchmarks::Finding> before =
      benchmarks::JudgeBefore(options.allow, encoder.model.device);
  const data::Dataset& pictures = context.features.Pictures(*cell.dataset);
  // What both are measured with.
  const auto common = [&](auto made) {
    made.find = FindOptionsOf(task);
    made.most_pictures = WholeOf(task, "pictures");
    made.seed = options.load.seed;
    made.workers = static_cast<int>(WholeOf(task, "workers"));
    made.lanes = options.load.lanes;
    return made;
  };
  if (IsProgram(cell)) {
    const c10::Device device = encoders::ParseDevice(encoder.model.device);
    benchmarks::ExternalBenchOptions asked;
    asked.command = encoder.command;
    asked.device = device.str();
    asked.most_pictures = WholeOf(task, "pictures");
    asked.seed = options.load.seed;
    benchmarks::ExternalBench bench(asked, &pictures);
    return RunBench(bench, device, cell, options, before, context);
  }
  if (IsExported(cell)) {
    benchmarks::ExportedBench bench(encoder.model, pictures,
                                    common(benchmarks::ExportedBenchOptions()));
    return RunBench(bench, bench.exported().device(), cell, options, before,
                    context);
  }
  auto asked = common(benchmarks::EncoderBenchOptions());
  asked.name = cell.encoder;
  asked.detector = TextOf(task, "detector");
  if (const std::string head = HeadOf(cell); !head.empty())
    asked.detector = DetectorFolder(context, head);
  asked.cuda_graphs = Is(task, "cuda_graphs");
  benchmarks::EncoderBench bench(encoder.model, pictures, asked);
  return RunBench(bench, bench.model().device, cell, options, before, context);
}

}  // namespace

const TaskKind kBenchTask = {
    "bench",
    "latency and throughput under load, pre-processing and NMS included",
    true,
    kBenchKeys,
    PlanBench,
    RunBenchCell,
    /*takes_exported=*/true,
    /*takes_programs=*/true};

}  // namespace eyechart::suite
