#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "benchmarks/environment.h"
#include "benchmarks/vision/bench_records.h"
#include "benchmarks/vision/encoder_curves.h"
#include "benchmarks/vision/exported_bench.h"
#include "benchmarks/vision/external_bench.h"
#include "cli/bench_options.h"
#include "cli/bench_output.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/text.h"
#include "suite/run_log.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;
using benchmarks::Measured;

// What is measured, opened: an encoder, an exported detector or another
// program.
struct BenchSubject {
  std::unique_ptr<data::Dataset> pictures;
  std::unique_ptr<benchmarks::EncoderBench> encoder;
  std::unique_ptr<benchmarks::ExportedBench> exported;
  std::unique_ptr<benchmarks::ExternalBench> program;
  benchmarks::PickedPictures picked;
  std::string name;     // in cells
  std::string dataset;  // in cells
  benchmarks::BenchSetting setting;
  Json description;
  Record record;
  c10::Device memory = c10::kCPU;  // its GPU is watched

  benchmarks::DeviceUnderTest& device() {
    if (encoder != nullptr) return encoder->device();
    if (exported != nullptr) return exported->device();
    return program->device();
  }
};

std::unique_ptr<data::Dataset> PicturesOf(const BenchFlags& flags) {
  if (!flags.pictures.images.empty()) return OpenPictures(flags.pictures);
  benchmarks::SceneOptions scenes;
  scenes.seed = flags.load.seed;
  if (flags.most_pictures > 0)
    scenes.count = std::min(scenes.count, flags.most_pictures);
  return benchmarks::DrawScenes(scenes);
}

void OpenProgram(const BenchFlags& flags, BenchSubject& subject) {
  subject.memory = encoders::ParseDevice(flags.flags.device);
  if (benchmarks::TakesPictures(flags.command))
    subject.pictures = PicturesOf(flags);
  benchmarks::ExternalBenchOptions options;
  options.command = flags.command;
  options.device = subject.memory.str();
  options.most_pictures = flags.most_pictures;
  options.seed = flags.load.seed;
  subject.program = std::make_unique<benchmarks::ExternalBench>(
      options, subject.pictures.get());
  subject.picked = subject.program->picked();
  subject.dataset = CellWord(
      subject.pictures == nullptr ? std::string() : subject.pictures->name());
  subject.setting = subject.program->setting();
  subject.description = subject.program->Describe();
  subject.record = subject.program->BaseRecord();
  subject.name = CellWord(LastOf(subject.program->device().Name()));
}

void OpenExported(const BenchFlags& flags, BenchSubject& subject) {
  EYECHART_REQUIRE(flags.detector.empty(),
                   "{}: is an exported detector; --detector {} is a head on an "
                   "encoder: give one of them",
                   flags.model, flags.detector);
  EYECHART_REQUIRE(
      !benchmarks::ParseCudaGraphs(flags.cuda_graphs,
                                   encoders::ParseDevice(flags.flags.device)),
      "{}: an exported detector's program runs as it is; leave "
      "--cuda-graphs off",
      flags.model);
  benchmarks::ExportedBenchOptions options;
  options.find = flags.find;
  options.most_pictures = flags.most_pictures;
  options.seed = flags.load.seed;
  options.workers = flags.workers;
  options.lanes = flags.load.lanes;
  subject.exported = std::make_unique<benchmarks::ExportedBench>(
      SpecOf(flags.model, flags.flags), *subject.pictures, options);
  subject.picked = subject.exported->picked();
  subject.name = CellWord(LastOf(flags.model));
  subject.setting = subject.exported->setting();
  subject.description = subject.exported->Describe();
  subject.record = subject.exported->BaseRecord();
  subject.memory = subject.exported->exported().device();
}

void OpenEncoder(const BenchFlags& flags, BenchSubject& subject) {
  benchmarks::EncoderBenchOptions options;
  options.name = LastOf(flags.model);
  options.detector = flags.detector;
  options.find = flags.find;
  options.most_pictures = flags.most_pictures;
  options.seed = flags.load.seed;
  options.workers = flags.workers;
  options.lanes = flags.load.lanes;
  options.cuda_graphs = benchmarks::ParseCudaGraphs(
      flags.cuda_graphs, encoders::ParseDevice(flags.flags.device));
  subject.encoder = std::make_unique<benchmarks::EncoderBench>(
      SpecOf(flags.model, flags.flags), *subject.pictures, options);
  subject.picked = subject.encoder->picked();
  subject.name = CellWord(options.name);
  subject.setting = subject.encoder->setting();
  subject.description = subject.encoder->Describe();
  subject.record = subject.encoder->BaseRecord();
  subject.memory = subject.encoder->model().device;
}

BenchSubject OpenSubject(const BenchFlags& flags) {
  BenchSubject subject;
  if (!flags.command.empty()) {
    OpenProgram(flags, subject);
    return subject;
  }
  subject.pictures = PicturesOf(flags);
  if (detection::IsExportedDetector(flags.model))
    OpenExported(flags, subject);
  else
    OpenEncoder(flags, subject);
  subject.dataset = CellWord(subject.pictures->name());
  if (flags.pictures.images.empty())
    subject.description["pictures"]["seed"] = flags.load.seed;
  return subject;
}

// Where one scenario's records, samples and artifacts go.
class RunFolder {
 public:
  RunFolder(const BenchFlags& flags, const BenchSubject& subject)
      : out_(flags.out),
        environment_(benchmarks::DescribeEnvironment(subject.memory.str(),
                                                     at::get_num_threads())),
        hash_(benchmarks::EnvironmentHash(environment_)),
        command_(BenchCommandOf(flags)),
        log_(out_,
             "# Made by: " + command_ + "\n",
             environment_,
             hash_,
             command_,
             /*fresh=*/false) {}

  void Add(const BenchFlags& flags,
           const BenchSubject& subject,
           const Measured& measured,
           const Json& json,
           const std::string& started,
           double seconds) {
    Record base = subject.record;
    base.run = log_.run();
    base.encoder = subject.name;
    base.task = "bench";
    base.dataset = subject.dataset;
    base.setting = BenchSettingOf(flags, measured.load.options.scenario);
    base.cell = base.encoder + "/bench/" + base.dataset + "/" +
                suite::SettingText(base.setting);
    // In the record and not in the cell's name: what an AP must have in common
    // with these times.
    base.setting.merge(benchmarks::ThresholdSetting(json));
    base.environment = hash_;
    base.started = started;
    base.seconds = seconds;
    const fs::path artifacts = log_.Artifacts(base.cell);
    if (artifacts_.empty()) {
      artifacts_ = artifacts;
      first_ = base;
    }
    benchmarks::WriteBenchFiles(
        {out_ / "samples" / (CellSlug(base.cell) + ".csv"),
         artifacts / "bench.json", artifacts / "trace.json",
         artifacts / "peak_samples.csv"},
        measured, json);
    log_.Append(benchmarks::BenchRecords(measured, base));
  }

  /// With the first scenario's cell.
  void AddAudit(const benchmarks::MeasuredAudit& audit) {
    benchmarks::WriteAudit(artifacts_, audit);
    log_.Append(benchmarks::AuditRecords(audit, first_));
  }

  /// Of the first scenario's cell.
  const fs::path& artifacts() const { return artifacts_; }

 private:
  fs::path out_;
  fs::path artifacts_;
  Record first_;  // what the first scenario's records have in common
  Json environment_;
  std::string hash_;
  std::string command_;
  suite::RunLog log_;
};

void PrintHead(const BenchFlags& flags, const BenchSubject& subject) {
  const std::string pictures =
      subject.pictures == nullptr
          ? "no pictures"
          : fmt::format("{} pictures of {}", subject.picked.index.size(),
                        subject.pictures->name());
  if (subject.program != nullptr) {
    PrintLine(fmt::format("{}; {}\n", flags.command, pictures));
    return;
  }
  PrintLine(fmt::format(
      "{} on {}, {}, {} threads, {}; {}\n", subject.name,
      subject.setting.device, subject.setting.dtype, at::get_num_threads(),
      subject.description["answer"].get<std::string>(), pictures));
}

Json JsonOf(const BenchSubject& subject, const Measured& measured) {
  Json json = benchmarks::MeasuredJson(measured, subject.setting);
  Json description = subject.description;
  // What is known once queries have run.
  if (subject.program == nullptr) {
    const Json now = subject.encoder != nullptr ? subject.encoder->Describe()
                                                : subject.exported->Describe();
    for (const char* key :
         {"stage_clock", "stage_boundary_error_ns", "cuda_graphs_note"})
      if (now.contains(key)) description[key] = now[key];
  }
  json.update(description);
  for (const std::string& warning : subject.picked.warnings)
    json["warnings"].push_back(warning);
  return json;
}

void PrintFindings(const std::vector<benchmarks::Finding>& findings) {
  for (const benchmarks::Finding& finding : findings)
    PrintLine(fmt::format("  {}  {}: {}",
                          finding.fatal ? "INVALID   " : "warning   ",
                          finding.reason, finding.advice));
}

void PrintCurve(const benchmarks::EncoderCurves& curves,
                const benchmarks::MachineCeilings& ceilings) {
  for (const benchmarks::BatchPoint& point : curves.curve.points)
    PrintLine(fmt::format("batch {:>3}  {:>9.2f} images/s", point.batch,
                          point.throughput));
  const benchmarks::Knee knee = benchmarks::FindKnee(curves.curve.points);
  PrintLine(fmt::format(
      "knee at batch {}: the first within 5 % of the best, batch {}",
      knee.batch, knee.best_batch));
  for (const benchmarks::RooflinePoint& point :
       benchmarks::PointsUnderRoofs(curves, ceilings)) {
    const benchmarks::Utilisation used = benchmarks::Utilise(
        point.flops, point.bytes, point.seconds, ceilings.Of(point.dtype));
    PrintLine(fmt::format(
        "batch {:>3}  encoder {:.1f} GFLOP/s, {:.0f} % of the {:.1f} that {} "
        "allows",
        point.batch, used.gflops, 100 * used.share, used.attainable,
        used.bound == benchmarks::Bound::kCompute ? "multiplying" : "memory"));
  }
  PrintFindings(curves.findings);
  PrintFindings(ceilings.findings);
  if (const std::string note = benchmarks::RoofNote(curves, ceilings);
      !note.empty())
    PrintLine("  warning     " + note);
}

// The curve, which is kept with the first scenario's cell.
Json Curve(BenchSubject& subject,
           const BenchFlags& flags,
           benchmarks::Clock& clock,
           const RunFolder& folder,
           Progress& progress) {
  benchmarks::CurveOptions options;
  options.batches = benchmarks::ParseBatches(flags.batch_curve);
  options.seed = flags.load.seed;
  options.allow = flags.allow;
  options.resolution = flags.flags.resolution;
  progress.Note("batch curve and roofline");
  const benchmarks::EncoderCurves curves =
      subject.encoder != nullptr
          ? benchmarks::MeasureCurves(*subject.encoder, subject.name, clock,
                                      options)
          : benchmarks::MeasureCurves(*subject.exported, subject.name, clock,
                                      options);
  const benchmarks::MachineCeilings ceilings =
      benchmarks::WriteWithRoofs(folder.artifacts(), curves, options.allow);
  if (!flags.json) PrintCurve(curves, ceilings);
  return benchmarks::CurvesJson(curves, ceilings);
}

Json Audit(BenchSubject& subject,
           const BenchFlags& flags,
           const benchmarks::MeasureOptions& options,
           std::optional<RunFolder>& folder,
           Progress& progress) {
  benchmarks::AuditOptions asked;
  asked.seeds = options.load.seeds;
  progress.Note("cache audit");
  benchmarks::MonotonicClock clock;
  const benchmarks::MeasuredAudit result = benchmarks::MeasureAudit(
      subject.device(), clock, asked, subject.memory, options.allow);
  if (!flags.json) {
    for (const std::string& line : AuditLines(result.audit)) PrintLine(line);
    PrintFindings(result.findings);
    PrintLine("");
  }
  if (folder.has_value()) folder->AddAudit(result);
  return benchmarks::MeasuredAuditJson(result);
}

int Sweep(const BenchFlags& flags) {
  NmsSweepCommand sweep = flags.sweep;
  sweep.model = flags.model;
  sweep.dataset = flags.pictures.images;
  sweep.flags = flags.flags;
  if (!flags.detector.empty()) sweep.detectors = {flags.detector};
  sweep.json = flags.json;
  sweep.allow = flags.allow;
  sweep.out = flags.out;
  sweep.options.most = flags.find.detect.most;
  sweep.options.most_kept = flags.find.most_kept;
  const int threads = sweep.options.nms.threads;
  sweep.options.nms = flags.find.nms;
  sweep.options.nms.threads = threads;
  sweep.options.warmup = flags.load.warmup_queries;
  sweep.options.seed = flags.load.seed;
  sweep.command_line = BenchCommandOf(flags);
  SetThreads(flags.flags.threads);
  sweep.environment = benchmarks::DescribeEnvironment(flags.flags.device,
                                                      at::get_num_threads());
  return RunNmsSweep(sweep);
}

int RunBench(BenchFlags flags) {
  SetSuppression(flags);
  if (flags.sweep.wanted) return Sweep(flags);
  const benchmarks::MeasureOptions options = MeasureOptionsOf(flags);
  SetThreads(flags.flags.threads);
  const std::vector<benchmarks::Finding> before =
      benchmarks::JudgeBefore(options.allow, flags.flags.device);
  EYECHART_REQUIRE(flags.batch_curve.empty() ||
                       (!flags.out.empty() && flags.command.empty()),
                   "--batch-curve: is of MODEL, not of --command, and is "
                   "written to -o RUN; give both");
  if (!flags.batch_curve.empty()) benchmarks::ParseBatches(flags.batch_curve);
  BenchSubject subject = OpenSubject(flags);
  std::optional<RunFolder> folder;
  // One that is no run folder is found now; a new one is made when there is
  // something to write.
  if (!flags.out.empty() && fs::exists(flags.out))
    folder.emplace(flags, subject);
  benchmarks::MonotonicClock clock;
  TerminalProgress progress;
  for (const std::string& warning : subject.picked.warnings)
    progress.Warn(warning);
  std::vector<Json> runs;
  for (const benchmarks::Scenario scenario : options.scenarios) {
    progress.Note(fmt::format("{}: measuring for {:g} s or more",
                              benchmarks::ScenarioName(scenario),
                              options.load.min_seconds));
    const std::string started = UtcNow();
    const auto begin = std::chrono::steady_clock::now();
    Measured measured = benchmarks::Measure(subject.device(), clock, options,
                                            scenario, before, subject.memory);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count();
    // The program's memory, not that of who starts it.
    if (subject.program != nullptr)
      measured.load.peak_memory_bytes =
          subject.program->device().peak_memory_bytes();
    Json json = JsonOf(subject, measured);
    if (!flags.json) {
      if (runs.empty()) PrintHead(flags, subject);
      for (const std::string& line : BenchLines(measured, flags.stages))
        PrintLine(line);
      PrintLine("");
    }
    if (!flags.out.empty()) {
      if (!folder.has_value()) folder.emplace(flags, subject);
      folder->Add(flags, subject, measured, json, started, seconds);
    }
    if (!flags.trace.empty())
      benchmarks::WriteBenchFiles({{}, {}, flags.trace}, measured, json);
    runs.push_back(std::move(json));
  }
  Json curve, audit;
  if (!flags.batch_curve.empty())
    curve = Curve(subject, flags, clock, *folder, progress);
  if (options.cache_audit)
    audit = Audit(subject, flags, options, folder, progress);
  if (!flags.json) return kExitOk;
  // The first scenario's keys stand at the top, as if it were alone.
  Json json = {{"schema", 1}, {"command", "bench"}};
  json.update(runs.front());
  if (!curve.is_null()) json["batch_curve"] = curve;
  if (!audit.is_null()) json["cache_audit"] = audit;
  if (runs.size() > 1) json["runs"] = runs;
  PrintJson(json);
  return kExitOk;
}

}  // namespace

Runner AddBench(Arguments& app) {
  auto flags = std::make_shared<BenchFlags>();
  AddBenchFlags(app, *flags);
  return [flags] { return RunBench(*flags); };
}

}  // namespace eyechart::cli
