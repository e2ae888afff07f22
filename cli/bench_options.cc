#include "cli/bench_options.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/vision/external_device.h"
#include "core/error.h"
#include "core/text.h"
#include "probes/detection/transfer/exported_detector.h"

namespace eyechart::cli {
namespace {

using benchmarks::Scenario;

void AddLoadFlags(Arguments& app, BenchFlags& flags) {
  benchmarks::LoadOptions& o = flags.load;
  o.min_queries = 0;  // the scenario's own
  app.AddOption("--scenario", flags.scenarios,
                "list of single-stream, multi-stream, server, offline: each "
                "is run")
      .ShowDefault();
  app.AddOption("--batch", o.samples_per_query,
                "pictures a query (default: 1, multi-stream 8, offline 32)");
  app.AddOption("--lanes", o.lanes,
                "queries under way at a time (server, offline)")
      .ShowDefault();
  app.AddOption("--min-seconds", o.min_seconds, "a run lasts at least")
      .ShowDefault();
  app.AddOption("--min-queries", o.min_queries,
                "and has at least so many queries (default: what the "
                "scenario's percentile needs)");
  app.AddOption("--max-seconds", o.max_seconds,
                "it ends here in any case; cut short, it is not valid")
      .ShowDefault();
  app.AddOption("--warmup", o.warmup_queries,
                "queries a lane before the clock runs")
      .ShowDefault();
  app.AddOption("--seed", o.seed, "of pictures, their order and arrival times")
      .ShowDefault();
  app.AddOption("--target-rate", o.server.rate,
                "server: queries a second, on average");
  app.AddOption("--bound-ms", flags.bound_ms,
                "server: latency that --percentile of the queries must keep");
  app.AddOption("--percentile", o.server.percentile,
                "server: the percentile that is bounded")
      .ShowDefault();
  app.AddFlag("--find-peak", flags.find_peak,
              "server: search the highest rate that keeps the bound");
  app.AddOption("--percentile-method", flags.percentile_method,
                "nearest-rank, or mlperf (LoadGen's)")
      .ShowDefault();
}

void AddDetectorFlags(Arguments& app, BenchFlags& flags) {
  detection::FindOptions& find = flags.find;
  app.AddOption("--detector", flags.detector,
                "folder that detect train wrote as OUT/detector: boxes, with "
                "head and NMS in the time");
  app.AddOption("--min-score", find.detect.min_score,
                "boxes below it are left out, before NMS")
      .ShowDefault();
  app.AddOption("--nms-iou", find.nms.iou_threshold,
                "dense: overlap above which the lesser box goes")
      .ShowDefault();
  AddNmsFlags(app, flags.nms);
  app.AddOption("--before-nms", find.detect.most,
                "dense: boxes a picture before suppression")
      .ShowDefault();
  app.AddOption("--max-boxes", find.most_kept, "boxes kept a picture")
      .ShowDefault();
}

// Whose suppression it is, where that differs from the default.
std::map<std::string, std::string> ChangedNmsFlags(const NmsFlags& flags) {
  const NmsFlags plain;
  std::map<std::string, std::string> changed;
  if (flags.nms != plain.nms) changed["nms"] = flags.nms;
  if (flags.classes != plain.classes) changed["nms-classes"] = flags.classes;
  if (flags.sigma != plain.sigma)
    changed["nms-sigma"] = FormatDouble(flags.sigma);
  return changed;
}

// The same of all flags that a cell is named by.
std::map<std::string, std::string> ChangedFlags(const BenchFlags& flags) {
  const BenchFlags plain;
  std::map<std::string, std::string> changed = ChangedModelFlags(flags.flags);
  const auto text = [&](const char* name, const std::string& now,
                        const std::string& before) {
    if (now != before) changed[name] = now;
  };
  const auto number = [&](const char* name, double now, double before) {
    if (now != before) changed[name] = FormatDouble(now);
  };
  number("threads", flags.flags.threads, 0);
  number("workers", flags.workers, 0);
  text("cuda-graphs", flags.cuda_graphs, plain.cuda_graphs);
  number("batch", static_cast<double>(flags.load.samples_per_query), 0);
  number("lanes", flags.load.lanes, 1);
  text("detector", flags.detector, "");
  if (!flags.detector.empty() || detection::IsExportedDetector(flags.model)) {
    number("min-score", flags.find.detect.min_score,
           plain.find.detect.min_score);
    number("nms-iou", flags.find.nms.iou_threshold,
           plain.find.nms.iou_threshold);
    number("before-nms", static_cast<double>(flags.find.detect.most),
           static_cast<double>(plain.find.detect.most));
    number("max-boxes", static_cast<double>(flags.find.most_kept),
           static_cast<double>(plain.find.most_kept));
    changed.merge(ChangedNmsFlags(flags.nms));
  }
  return changed;
}

// A command line as it grows.
class CommandWords {
 public:
  // A positional argument; nothing where it was not given.
  void Add(const std::string& value) {
    if (!value.empty()) line_ += " " + ShellWord(value);
  }
  void Add(const std::string& name, const std::string& value) {
    line_ += " --" + name + " " + ShellWord(value);
  }
  void Add(const std::string& name, std::int64_t value) {
    Add(name, std::to_string(value));
  }
  void Add(const std::map<std::string, std::string>& flags) {
    for (const auto& [name, value] : flags) Add(name, value);
  }
  void AddIf(bool wanted, const std::string& name) {
    if (wanted) line_ += " --" + name;
  }
  // Of a text that is empty by default.
  void AddGiven(const std::string& name, const std::string& value) {
    if (!value.empty()) Add(name, value);
  }
  void AddList(const std::string& name, const std::vector<double>& values) {
    std::string list;
    for (const double value : values) {
      if (!list.empty()) list += ',';
      list += FormatDouble(value);
    }
    Add(name, list);
  }
  // What every bench command ends with.
  std::string End(const BenchFlags& flags) {
    AddIf(flags.flags.allow_unused, "allow-unused");
    AddIf(flags.allow, "allow");
    return line_ + " --out NEW_FOLDER";
  }

 private:
  std::string line_ = "eyechart bench";
};

// Of what a sweep looks at: neither scenario nor pictures' options are.
std::string SweepCommandOf(const BenchFlags& flags) {
  const NmsSweepCommand& sweep = flags.sweep;
  CommandWords words;
  words.Add(flags.model);
  words.Add(flags.pictures.images);
  words.AddIf(true, "nms-sweep");
  words.AddGiven("detector", flags.detector);
  for (const std::string& folder : sweep.beside) words.Add("beside", folder);
  words.AddGiven("part", sweep.part);
  words.AddGiven("set-kind", sweep.boxes.options.kind);
  words.AddGiven("set-pictures", sweep.boxes.options.pictures.string());
  words.AddIf(sweep.boxes.edges, "voc-edges");
  words.AddIf(sweep.boxes.options.single_class, "single-class");
  words.Add(ChangedModelFlags(flags.flags));
  if (flags.flags.threads != 0) words.Add("threads", flags.flags.threads);
  words.AddList("confidences", sweep.options.confidences);
  words.AddList("ious", sweep.options.ious);
  words.Add("before-nms", flags.find.detect.most);
  words.Add("max-boxes", flags.find.most_kept);
  words.Add("nms-iou", FormatDouble(flags.find.nms.iou_threshold));
  words.Add(ChangedNmsFlags(flags.nms));
  words.Add("nms-threads", sweep.options.nms.threads);
  words.Add("nms-repetitions", sweep.options.repetitions);
  words.Add("ap-margin", FormatDouble(sweep.options.margin));
  words.Add("cost-pictures", sweep.options.cost_pictures);
  words.Add("cost-boxes", sweep.options.cost_most);
  words.Add("bootstrap", sweep.options.resamples);
  words.Add("warmup", flags.load.warmup_queries);
  words.Add("seed", std::to_string(flags.load.seed));
  return words.End(flags);
}

}  // namespace

void AddBenchFlags(Arguments& app, BenchFlags& flags) {
  app.AddOption("model", flags.model,
                "checkpoint folder, hub id in the Hugging Face cache, or an "
                "exported detector's folder (with --command: the pictures)");
  AddPictureFlags(app, flags.pictures, false);
  AddModelFlags(app, flags.flags);
  AddNmsSweepOptions(app, flags.sweep);
  app.AddOption("--pool", flags.flags.pool,
                "head, cls, mean or blocks (default: the family's)");
  app.AddOption("--workers", flags.workers,
                "threads that decode and resize a query's pictures (default: "
                "one a hardware thread)");
  app.AddOption("--cuda-graphs", flags.cuda_graphs,
                "off, or on: on CUDA the encoder's pass is recorded and "
                "replayed")
      .ShowDefault();
  app.AddOption("--pictures", flags.most_pictures,
                "distinct pictures that are asked for, by seed (0: all)")
      .ShowDefault();
  AddDetectorFlags(app, flags);
  app.AddOption("--command", flags.command,
                "measure a program instead, started once a query, such as "
                "\"prog {image}\"; quotes as in a shell, nothing is expanded");
  AddLoadFlags(app, flags);
  app.AddFlag("--stages", flags.stages, "a bar and a table of the stages");
  app.AddOption("--trace", flags.trace,
                "Chrome trace to write (of the last scenario)");
  app.AddOption("--batch-curve", flags.batch_curve,
                "batch sizes, as 1,2,4,8: throughput with its knee, and the "
                "encoder under the machine's roofs (roofline), in -o's report")
      .TypeName("N,N,...");
  app.AddFlag("--cache-audit", flags.cache_audit,
              "does asking for the same picture again flatter?");
  app.AddFlag("--allow", flags.allow,
              "warn, instead of refusing, of sanitizers, a busy machine and "
              "clocks that move");
  app.AddOption("-o,--out", flags.out,
                "run folder for records, raw samples and environment, which "
                "report and gate read");
  app.AddFlag("--json", flags.json, "print one JSON object");
}

void SetSuppression(BenchFlags& flags) {
  detection::NmsOptions& nms = flags.find.nms;
  EYECHART_REQUIRE(nms.iou_threshold >= 0 && nms.iou_threshold <= 1,
                   "--nms-iou {:g}: should be from 0 to 1, as 0.6",
                   nms.iou_threshold);
  SetNms(flags.nms, nms);
}

benchmarks::MeasureOptions MeasureOptionsOf(BenchFlags& flags) {
  benchmarks::MeasureOptions options;
  options.scenarios = benchmarks::ParseScenarios(flags.scenarios);
  options.load = flags.load;
  options.load.seeds = benchmarks::LoadSeeds::From(flags.load.seed);
  options.load.estimators.method =
      benchmarks::ParsePercentileMethod(flags.percentile_method);
  EYECHART_REQUIRE(flags.bound_ms >= 0 && flags.bound_ms < 1e9,
                   "--bound-ms {:g}: should be above 0", flags.bound_ms);
  if (flags.bound_ms > 0)
    options.load.server.bound_ns =
        static_cast<std::int64_t>(flags.bound_ms * 1e6);
  if (!flags.trace.empty() || !flags.out.empty())
    options.load.trace_spans = benchmarks::kTraceSpans;
  options.find_peak = flags.find_peak;
  options.cache_audit = flags.cache_audit;
  options.allow = flags.allow;
  EYECHART_REQUIRE(
      flags.most_pictures >= 0 && flags.workers >= 0,
      "--pictures {} and --workers {}: both should be 0 (the default) or more",
      flags.most_pictures, flags.workers);
  for (const Scenario scenario : options.scenarios)
    benchmarks::LoadOptionsOf(options, scenario);
  if (flags.command.empty()) {
    EYECHART_REQUIRE(!flags.model.empty(),
                     "bench needs a MODEL, or --command with a program");
    return options;
  }
  EYECHART_REQUIRE(flags.detector.empty() && flags.pictures.images.empty(),
                   "--command measures a program: neither a model nor "
                   "--detector goes with it, only pictures");
  if (benchmarks::TakesPictures(flags.command)) {
    flags.pictures.images = flags.model;
  } else {
    EYECHART_REQUIRE(flags.model.empty(),
                     "--command \"{}\": where is {} to go? Write {{image}} in "
                     "its place",
                     flags.command, flags.model);
  }
  flags.model.clear();
  return options;
}

std::map<std::string, std::string> BenchSettingOf(const BenchFlags& flags,
                                                  Scenario scenario) {
  std::map<std::string, std::string> setting = ChangedFlags(flags);
  // A folder is no part of a name that is to be stable.
  if (setting.contains("detector")) setting["detector"] = "yes";
  setting["scenario"] = benchmarks::ScenarioName(scenario);
  if (scenario != Scenario::kServer) return setting;
  if (flags.find_peak)
    setting["rate"] = "peak";
  else
    setting["rate"] = FormatDouble(flags.load.server.rate);
  if (flags.bound_ms > 0) setting["bound_ms"] = FormatDouble(flags.bound_ms);
  return setting;
}

std::string CellWord(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return c == '/' || c == ' ' || c == ',' || c == '='; }, '_');
  return text.empty() ? "none" : text;
}

std::string LastOf(const std::string& path) {
  const std::filesystem::path whole =
      std::filesystem::path(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path())
      .filename()
      .string();
}

std::string BenchCommandOf(const BenchFlags& flags) {
  if (flags.sweep.wanted) return SweepCommandOf(flags);
  const BenchFlags plain;
  const benchmarks::LoadOptions& load = flags.load;
  CommandWords words;
  words.Add(flags.model);
  words.AddGiven("command", flags.command);
  words.Add(flags.pictures.images);
  words.AddGiven("kind", flags.pictures.kind);
  words.AddGiven("root", flags.pictures.root);
  words.AddGiven("label-column", flags.pictures.label_column);
  if (flags.pictures.limit > 0) words.Add("limit", flags.pictures.limit);
  words.Add("scenario", flags.scenarios);
  words.Add(ChangedFlags(flags));
  words.Add("seed", std::to_string(load.seed));
  words.Add("pictures", flags.most_pictures);
  words.Add("min-seconds", FormatDouble(load.min_seconds));
  if (load.min_queries > 0) words.Add("min-queries", load.min_queries);
  if (load.max_seconds != plain.load.max_seconds)
    words.Add("max-seconds", FormatDouble(load.max_seconds));
  words.Add("warmup", load.warmup_queries);
  if (load.server.rate > 0)
    words.Add("target-rate", FormatDouble(load.server.rate));
  if (flags.bound_ms > 0) words.Add("bound-ms", FormatDouble(flags.bound_ms));
  if (load.server.percentile != plain.load.server.percentile)
    words.Add("percentile", FormatDouble(load.server.percentile));
  if (flags.percentile_method != plain.percentile_method)
    words.Add("percentile-method", flags.percentile_method);
  words.AddGiven("batch-curve", flags.batch_curve);
  words.AddIf(flags.find_peak, "find-peak");
  words.AddIf(flags.cache_audit, "cache-audit");
  return words.End(flags);
}

}  // namespace eyechart::cli
