#include "cli/bench_nms_sweep.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "benchmarks/environment.h"
#include "benchmarks/nms_sweep/nms_sweep_json.h"
#include "benchmarks/vision/measure.h"
#include "cli/bench_options.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "suite/run_log.h"

namespace eyechart::cli {
namespace {

using benchmarks::NmsSweep;
using benchmarks::NmsSweepRow;
using benchmarks::PictureTimes;

constexpr double kNsPerMs = 1e6;

std::string Ms(const PictureTimes& times) {
  if (!times.median_ns.value) return "none";
  return fmt::format("{:.4g}", *times.median_ns.value / kNsPerMs);
}

std::string MsWithInterval(const PictureTimes& times) {
  std::string text = Ms(times);
  if (times.median_ns.ci)
    text += fmt::format(" [{:.4g}, {:.4g}]", times.median_ns.ci->low / kNsPerMs,
                        times.median_ns.ci->high / kNsPerMs);
  return text;
}

std::string Percent(double value) {
  return value < 0 ? std::string("none") : fmt::format("{:.2f}", 100 * value);
}

std::string Boxes(const benchmarks::BoxCounts& counts) {
  return fmt::format("{:.1f} ({})", counts.mean, counts.most);
}

std::string MarkOf(const NmsSweep& sweep, std::size_t row) {
  std::string mark = row == sweep.best ? "best AP" : "";
  if (row == sweep.fastest)
    mark += fmt::format("{}fastest within {:g} AP", mark.empty() ? "" : ", ",
                        100 * sweep.options.margin);
  return mark;
}

// What the cost curve is held against: an exported detector's head is in its
// program.
const std::string& ComparedWith(const NmsSweep& sweep) {
  return sweep.stages.back().stage;
}

void PrintCost(const NmsSweep& sweep) {
  if (!sweep.cost) return;
  const benchmarks::CostFit& fit = *sweep.cost;
  PrintLine(fmt::format(
      "NMS of n boxes: {:.3g} {:+.3g} n {:+.3g} n^2 us, residual {:.3g} us, "
      "from {:.0f} to {:.0f} boxes",
      fit.constant.value / 1e3, fit.linear.value / 1e3,
      fit.quadratic.value / 1e3, fit.residual_ns / 1e3, fit.least_boxes,
      fit.most_boxes));
  if (!sweep.as_long_as_head) {
    PrintLine(fmt::format("by that it never takes as long as the {}",
                          ComparedWith(sweep)));
    return;
  }
  const benchmarks::CostFigure& figure = *sweep.as_long_as_head;
  PrintLine(fmt::format(
      "by that it takes as long as the {} at {:.0f} boxes{}{}",
      ComparedWith(sweep), figure.value,
      figure.ci
          ? fmt::format(" [{:.0f}, {:.0f}]", figure.ci->low, figure.ci->high)
          : "",
      figure.value > fit.most_boxes ? ", beyond what was measured" : ""));
}

void PrintSweep(const NmsSweep& sweep) {
  std::string stages;
  for (const benchmarks::NamedTimes& stage : sweep.stages)
    stages += fmt::format("{}{} {}", stages.empty() ? "" : ", ", stage.stage,
                          Ms(stage.times));
  PrintLine(fmt::format(
      "{}: {} pictures, one at a time; without NMS {} ms ({})", sweep.name,
      sweep.pictures, MsWithInterval(sweep.rest), stages));
  PrintLine(
      fmt::format("{:>10} {:>6} {:>15} {:>13} {:>24} {:>25} {:>6} {:>6} {:>6}",
                  "confidence", "IoU", "boxes in (most)", "out (most)",
                  "NMS ms", "end to end ms", "NMS %", "AP", "AP50"));
  for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
    const NmsSweepRow& row = sweep.rows[i];
    std::string line = fmt::format(
        "{:>10} {:>6} {:>15} {:>13} {:>24} {:>25} {:>6.1f} {:>6} {:>6}",
        FormatDouble(row.confidence), row.iou ? FormatDouble(*row.iou) : "none",
        Boxes(row.before), Boxes(row.after), MsWithInterval(row.nms),
        MsWithInterval(row.total), 100 * row.share, Percent(row.ap),
        Percent(row.ap50));
    const std::string mark = MarkOf(sweep, i);
    if (!mark.empty()) line += "  <- " + mark;
    PrintLine(line);
  }
  PrintCost(sweep);
  PrintLine(sweep.valid() ? "VALID" : "INVALID");
  for (const benchmarks::Finding& finding : sweep.findings)
    PrintLine(fmt::format("  {}  {}: {}",
                          finding.fatal ? "INVALID   " : "warning   ",
                          finding.reason, finding.advice));
}

// Adds to `list` what of `more` it lacks.
void AddMissing(const Json& more, Json& list) {
  for (const Json& one : more)
    if (std::find(list.begin(), list.end(), one) == list.end())
      list.push_back(one);
}

// A detector to sweep, opened: a head on the model's maps, or an exported one.
struct SweepSubject {
  std::string folder;
  detection::Detector detector;  // a head's
  std::unique_ptr<detection::ExportedDetector> exported;
  std::string name;  // the encoder's in records: the model's, or its own
  std::string weights_sha256;
  std::string preprocess_sha256;
  /// Of a head's own weights; empty: an exported detector has one hash.
  std::string head_sha256;
};

// Checked before the model is loaded: folders are quick to find missing.
std::vector<SweepSubject> OpenSubjects(const NmsSweepCommand& o) {
  std::vector<std::string> folders = o.detectors;
  folders.insert(folders.end(), o.beside.begin(), o.beside.end());
  if (detection::IsExportedDetector(o.model))
    folders.insert(folders.begin(), o.model);
  EYECHART_REQUIRE(!folders.empty(),
                   "--nms-sweep: name a detector with --detector FOLDER; "
                   "eyechart detect train -o OUT writes OUT/detector");
  std::vector<SweepSubject> subjects;
  for (const std::string& folder : folders) {
    SweepSubject& subject = subjects.emplace_back();
    subject.folder = folder;
    if (detection::IsExportedDetector(folder)) {
      subject.exported = std::make_unique<detection::ExportedDetector>(
          SpecOf(folder, o.flags));
      subject.name = CellWord(LastOf(folder));
      subject.weights_sha256 = subject.exported->weights_sha256();
      subject.preprocess_sha256 =
          data::PreprocessSha256(subject.exported->preprocess());
      continue;
    }
    EYECHART_REQUIRE(!detection::IsExportedDetector(o.model),
                     "--beside {}: is no exported detector, and {} is one: a "
                     "trained head needs the checkpoint that it was trained on "
                     "in its place",
                     folder, o.model);
    subject.detector = detection::ReadDetector(folder);
    detection::RequireFrozen(subject.detector, folder);
    // A frozen encoder's detector has no weights but the head's.
    subject.head_sha256 =
        Sha256File(std::filesystem::path(folder) / "head.safetensors");
  }
  return subjects;
}

// A cell a detector, with its raw times and nms_sweep.json.
void WriteRun(const NmsSweepCommand& o,
              const std::vector<SweepSubject>& subjects,
              const data::BoxDataset& set,
              const std::vector<NmsSweep>& sweeps,
              const std::string& started) {
  const Json environment =
      o.environment.is_null()
          ? benchmarks::DescribeEnvironment(o.flags.device, o.flags.threads)
          : o.environment;
  const std::string hash = benchmarks::EnvironmentHash(environment);
  suite::RunLog log(o.out, "# Made by: " + o.command_line + "\n", environment,
                    hash, o.command_line, /*fresh=*/false);
  Record base;
  base.run = log.run();
  base.task = "bench";
  base.dataset = CellWord(set.name);
  base.environment = hash;
  base.started = started;
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    Record own = base;
    own.encoder = subjects[i].name;
    own.weights_sha256 = subjects[i].weights_sha256;
    own.preprocess_sha256 = subjects[i].preprocess_sha256;
    if (o.flags.dtype != "fp32") own.setting["dtype"] = o.flags.dtype;
    if (o.flags.device != "cpu") own.setting["device"] = o.flags.device;
    own.setting["nms_sweep"] = sweeps[i].head;
    if (sweeps[i].needs_nms)
      own.setting.merge(detection::NmsSetting(sweeps[i].options.nms));
    // Two heads of a kind stand apart by their place.
    for (std::size_t before = 0; before < i; ++before)
      if (sweeps[before].head == sweeps[i].head &&
          subjects[before].name == subjects[i].name)
        own.setting["detector"] = std::to_string(i);
    own.cell = own.encoder + "/bench/" + own.dataset + "/" +
               suite::SettingText(own.setting);
    // As bench has it, no part of the cell's name: the gate finds the cell of a
    // head that was trained again.
    if (!subjects[i].head_sha256.empty())
      own.setting["detector_sha256"] = subjects[i].head_sha256;
    benchmarks::WriteNmsSweep(benchmarks::NmsSweepFilesOf(o.out, own.cell),
                              sweeps[i]);
    log.Append(benchmarks::NmsSweepRecords(sweeps[i], own));
  }
}

}  // namespace

void AddNmsSweepOptions(Arguments& app, NmsSweepCommand& command) {
  benchmarks::NmsSweepOptions& o = command.options;
  const auto add = [&app](const char* name, auto& value, const char* what) {
    return app.AddOption(name, value, what).Group("NMS sweep");
  };
  app.AddFlag("--nms-sweep", command.wanted,
              "with --detector, or an exported detector, and a detection set: "
              "AP and end-to-end time at the same thresholds of NMS")
      .Group("NMS sweep");
  add("--beside", command.beside,
      "folder of another detector of the same model, or of an exported one; "
      "again for more (a head without NMS beside one with it)");
  add("--part", command.part, "part of the set (default: test, or valid)");
  add("--confidences", o.confidences, "least scores of boxes that go into NMS")
      .Delimiter(',')
      .ShowDefault();
  add("--ious", o.ious, "overlaps above which the lesser box goes")
      .Delimiter(',')
      .ShowDefault();
  add("--nms-threads", o.nms.threads, "threads of NMS (0: one a processor)")
      .ShowDefault();
  add("--nms-repetitions", o.repetitions,
      "timings of NMS a picture and setting, all settings in turn")
      .ShowDefault();
  add("--ap-margin", o.margin,
      "AP that a faster setting may lose to be marked, a fraction")
      .ShowDefault();
  add("--cost-pictures", o.cost_pictures,
      "pictures for the curve of NMS time against boxes (0: none)")
      .ShowDefault();
  add("--cost-boxes", o.cost_most, "boxes that it goes up to").ShowDefault();
  add("--bootstrap", o.resamples,
      "resamples of the pictures for intervals of AP (0: none)")
      .ShowDefault();
  add("--set-kind", command.boxes.options.kind,
      "how the set is laid out (default: by looking)");
  add("--set-pictures", command.boxes.options.pictures,
      "folder that the set's file names are relative to (default: looked for)");
  app.AddFlag("--voc-edges", command.boxes.edges,
              "Pascal VOC: corners are edges from 0, not pixels from 1")
      .Group("NMS sweep");
  app.AddFlag("--single-class", command.boxes.options.single_class,
              "all categories of the set are one, as the head was trained")
      .Group("NMS sweep");
}

int RunNmsSweep(const NmsSweepCommand& o) {
  SetThreads(o.flags.threads);
  EYECHART_REQUIRE(!o.dataset.empty(),
                   "--nms-sweep: name the detection set behind the model");
  benchmarks::RequireSweepOptions(o.options);
  const bool exported = detection::IsExportedDetector(o.model);
  EYECHART_REQUIRE(!exported || o.detectors.empty(),
                   "{}: is an exported detector; --detector {} is a head on an "
                   "encoder: give one of them",
                   o.model, o.detectors.front());
  std::vector<SweepSubject> subjects = OpenSubjects(o);
  const data::BoxDataset set = OpenTestPart(o.dataset, o.part, o.boxes);
  const std::vector<benchmarks::Finding> before =
      benchmarks::JudgeBefore(o.allow, o.flags.device);
  encoders::LoadedModel model;
  if (!exported) {
    model = encoders::LoadModel(SpecOf(o.model, o.flags));
    for (SweepSubject& subject : subjects) {
      if (subject.exported != nullptr) continue;
      detection::RequireFits(subject.detector, model, subject.folder);
      subject.name = CellWord(LastOf(o.model));
      subject.weights_sha256 = model.weights_sha256;
      subject.preprocess_sha256 = data::PreprocessSha256(model.preprocess);
    }
  }
  const std::string started = UtcNow();
  TerminalProgress progress;
  benchmarks::MonotonicClock clock;
  std::vector<NmsSweep> sweeps;
  Json json = {{"schema", 1},
               {"command", "bench"},
               {"scenario", "nms-sweep"},
               {"dataset", set.name},
               {"part", set.split},
               {"device", o.flags.device},
               {"dtype", o.flags.dtype},
               {"sweeps", Json::array()},
               {"valid", true},
               {"reasons", Json::array()},
               {"warnings", Json::array()}};
  for (SweepSubject& subject : subjects) {
    const benchmarks::MachineWatch watch =
        benchmarks::WatchMachine(clock, o.flags.device);
    NmsSweep sweep = subject.exported != nullptr
                         ? benchmarks::SweepNms(*subject.exported, set, clock,
                                                o.options, progress)
                         : benchmarks::SweepNms(subject.detector, model, set,
                                                clock, o.options, progress);
    for (const std::string& warning : sweep.warnings) {
      if (std::find(json["warnings"].begin(), json["warnings"].end(),
                    warning) != json["warnings"].end())
        continue;
      PrintWarning(warning);
      json["warnings"].push_back(warning);
    }
    benchmarks::TakeFindings(before, watch.Finish(), o.allow, sweep);
    Json one = benchmarks::NmsSweepToJson(sweep);
    one["detector"] = subject.folder;
    if (!sweep.valid()) json["valid"] = false;
    AddMissing(one["reasons"], json["reasons"]);
    AddMissing(one["warnings"], json["warnings"]);
    json["sweeps"].push_back(std::move(one));
    sweeps.push_back(std::move(sweep));
  }
  if (!o.out.empty()) WriteRun(o, subjects, set, sweeps, started);
  if (o.json) {
    PrintJson(json);
  } else {
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
      if (i > 0) PrintLine("");
      PrintSweep(sweeps[i]);
    }
  }
  return kExitOk;
}

}  // namespace eyechart::cli
