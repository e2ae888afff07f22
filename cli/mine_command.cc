#include <filesystem>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "suite/mine_pipeline.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct MineFlags {
  PictureFlags pictures;
  std::string near_model;
  std::string far_model;
  std::string near_store;
  std::string far_store;
  std::string near_pool;
  std::string far_pool;
  std::string out;
  ModelFlags flags;
  encoders::EncodeOptions encode;
  mining::MineOptions mine;
  mining::PairSelectionOptions select;
  std::int64_t top = 0;
  bool copies = false;
  bool gallery = false;
  std::string questions;
  bool json = false;
};

void RequireMineFlags(const MineFlags& o) {
  const bool models = !o.near_model.empty() || !o.far_model.empty();
  const bool stores = !o.near_store.empty() || !o.far_store.empty();
  EYECHART_REQUIRE(
      models != stores,
      "mine takes either IMAGES with --near MODEL and --far MODEL, "
      "or --near-store STORE and --far-store STORE");
  if (models) {
    EYECHART_REQUIRE(!o.near_model.empty() && !o.far_model.empty(),
                     "{} is missing",
                     o.near_model.empty() ? "--near MODEL" : "--far MODEL");
    EYECHART_REQUIRE(!o.pictures.images.empty(),
                     "IMAGES is missing: the folder or list of pictures");
  } else {
    EYECHART_REQUIRE(
        !o.near_store.empty() && !o.far_store.empty(), "{} is missing",
        o.near_store.empty() ? "--near-store STORE" : "--far-store STORE");
    EYECHART_REQUIRE(
        (!o.gallery && o.questions.empty()) || !o.pictures.images.empty(),
        "{} needs the pictures: give IMAGES as well",
        o.gallery ? "--gallery" : "--questions");
  }
}

encoders::EncodeSummary EncodeForMining(const MineFlags& options,
                                        const std::string& name,
                                        const std::string& pool,
                                        const data::Dataset& dataset,
                                        const fs::path& store,
                                        Progress& progress) {
  ModelFlags flags = options.flags;
  flags.pool = pool;
  encoders::LoadedModel model = encoders::LoadModel(SpecOf(name, flags));
  return encoders::EncodeDataset(model, dataset, store, options.encode,
                                 progress);
}

void PrintMined(const Json& j, const fs::path& out, bool gallery) {
  const auto count = [&j](const char* key) {
    return WithSeparators(j[key].get<std::int64_t>());
  };
  PrintLine(fmt::format("{} pictures ({} unreadable), {} pairs examined",
                        count("images"), count("unreadable"),
                        count("candidate_pairs")));
  PrintLine(
      fmt::format("{} near pairs (near cosine > {:.6g}), of which {} are "
                  "blind (far cosine < {:.6g})",
                  count("near_pairs"), j["near_min"].get<double>(),
                  count("blind_pairs"), j["far_max"].get<double>()));
  PrintLine(fmt::format("pairs    {}", j["pairs_csv"].get<std::string>()));
  PrintLine(fmt::format("summary  {}", (out / "mining.json").string()));
  const auto fact = [](const char* name, const std::string& text) {
    PrintLine(fmt::format("{:<8} {}", name, text));
  };
  const Json& selection = j["selection"];
  if (selection["kept_pairs"] != j["blind_pairs"])
    fact("kept", fmt::format("{} of the blind pairs (classes {}, at most {} a "
                             "picture)",
                             selection["kept_pairs"].get<std::int64_t>(),
                             selection["classes"].get<std::string>(),
                             selection["max_per_image"].get<std::int64_t>()));
  if (j["engine"] == "faiss-ivf" && j["recall"].is_number())
    fact("recall", fmt::format("{:.4f} of the near pairs, measured on a sample",
                               j["recall"].get<double>()));
  if (j.contains("copies"))
    fact("copies", fmt::format("{} in {} groups, copies.csv",
                               j["copies"]["copies"].get<std::int64_t>(),
                               j["copies"]["groups"].get<std::int64_t>()));
  if (gallery) fact("gallery", (out / "gallery.html").string());
  if (j.contains("questions"))
    fact("questions", fmt::format("{} pairs to be asked about in {}",
                                  j["questions"]["pairs"].get<std::int64_t>(),
                                  j["questions"]["folder"].get<std::string>()));
  if (j.contains("advice")) fact("advice", j["advice"].get<std::string>());
}

// The counts for all combinations of thresholds, near ones a row each; the
// run's own and the published ones are marked.
void PrintSurface(const Json& j) {
  const Json& surface = j["surface"];
  if (surface.is_null()) return;
  const auto is = [](const Json& value, const Json& other) {
    return value.get<double>() == other.get<double>();
  };
  const auto mark = [&](const Json& near, const Json& far) {
    if (is(near, j["near_min"]) && is(far, j["far_max"])) return "*";
    return is(near, 0.95) && is(far, 0.6) ? "+" : " ";
  };
  std::string head = fmt::format("{:<12}{:>12}", "near >", "near pairs");
  for (const Json& far : surface["far_max"])
    head +=
        fmt::format("{:>15} ", fmt::format("far < {:.4g}", far.get<double>()));
  PrintLine(head);
  for (std::size_t i = 0; i < surface["near_min"].size(); ++i) {
    const Json& near = surface["near_min"][i];
    std::string line = fmt::format(
        "{:<12.4g}{:>12}", near.get<double>(),
        WithSeparators(surface["near_pairs"][i].get<std::int64_t>()));
    for (std::size_t k = 0; k < surface["far_max"].size(); ++k)
      line += fmt::format(
          "{:>15}{}",
          WithSeparators(surface["blind_pairs"][i][k].get<std::int64_t>()),
          mark(near, surface["far_max"][k]));
    PrintLine(line);
  }
  PrintLine("* this run's thresholds, + the published ones (0.95, 0.6)");
}

// The command line that makes the gallery again.
std::string MineCommandLine(const MineFlags& o) {
  std::string command = "eyechart mine " + o.pictures.images;
  command +=
      o.near_store.empty()
          ? " --near " + o.near_model + " --far " + o.far_model
          : " --near-store " + o.near_store + " --far-store " + o.far_store;
  return command + fmt::format(" --near-min {} --far-max {} -o {} --gallery",
                               o.mine.near_min, o.mine.far_max, o.out);
}

// Pictures that are a benchmark's pairs are known by what they differ in.
std::optional<multiple_choice::Benchmark> BenchmarkOf(
    const PictureFlags& pictures) {
  namespace mc = multiple_choice;
  if (pictures.images.empty()) return std::nullopt;
  mc::ReadOptions read;
  read.path = pictures.images;
  read.pictures = false;
  try {
    return mc::ReadBenchmark(read);
  } catch (const InputError&) {
    return std::nullopt;  // ordinary pictures
  }
}

int RunMine(const MineFlags& options) {
  RequireMineFlags(options);
  SetThreads(options.flags.threads);
  TerminalProgress progress;
  suite::MineJob job;
  job.options = options.mine;
  job.options.device = options.flags.device;
  job.select = options.select;
  job.top = options.top;
  job.copies = options.copies;
  job.gallery = options.gallery;
  job.questions = options.questions;
  job.out = options.out;
  suite::RequireMineJob(job);
  job.command = MineCommandLine(options);
  std::vector<std::string> warnings;
  std::unique_ptr<data::Dataset> pictures;
  if (!options.pictures.images.empty())
    pictures = OpenPictures(options.pictures);
  job.pictures = pictures.get();
  const std::optional<multiple_choice::Benchmark> benchmark =
      BenchmarkOf(options.pictures);
  if (benchmark) job.benchmark = &*benchmark;
  if (options.near_store.empty()) {
    CreateFolder(options.out);
    job.near_store = fs::path(options.out) / "near";
    job.far_store = fs::path(options.out) / "far";
    for (const bool is_near : {true, false}) {
      const encoders::EncodeSummary summary = EncodeForMining(
          options, is_near ? options.near_model : options.far_model,
          is_near ? options.near_pool : options.far_pool, *pictures,
          is_near ? job.near_store : job.far_store, progress);
      job.encode_seconds += summary.seconds;
      warnings.insert(warnings.end(), summary.warnings.begin(),
                      summary.warnings.end());
      // The same pictures twice: their notes are told once, and those that
      // cannot be read by the mining itself.
      if (is_near)
        for (std::string& note : NoteWarnings(summary, pictures->name()))
          warnings.push_back(std::move(note));
    }
  } else {
    job.near_store = options.near_store;
    job.far_store = options.far_store;
  }
  suite::MineOutcome outcome = suite::MineToFolder(job, progress);
  for (const Json& warning : outcome.json["warnings"])
    warnings.push_back(warning.get<std::string>());
  for (const std::string& warning : warnings) PrintWarning(warning);
  outcome.json["warnings"] = warnings;
  if (options.json)
    PrintJson(outcome.json);
  else
    PrintMined(outcome.json, options.out, options.gallery);
  if (!options.json) PrintSurface(outcome.json);
  return kExitOk;
}

}  // namespace

Runner AddMine(Arguments& app) {
  auto o = std::make_shared<MineFlags>();
  AddPictureFlags(app, o->pictures, false);
  app.AddOption("--near", o->near_model,
                "model that confuses the pairs, such as a CLIP");
  app.AddOption("--far", o->far_model,
                "model that tells them apart, such as a DINOv2");
  app.AddOption("--near-store", o->near_store, "features made before");
  app.AddOption("--far-store", o->far_store, "features made before");
  app.AddOption("-o,--out", o->out, "folder for the results").Required();
  app.AddOption("--near-min", o->mine.near_min,
                "near pairs have a cosine above this")
      .ShowDefault();
  app.AddOption("--far-max", o->mine.far_max,
                "blind pairs have a cosine below this")
      .ShowDefault();
  app.AddOption("--near-quantile", o->mine.near_quantile,
                "instead: the quantile of random pairs' near cosines")
      .Excludes("--near-min");
  app.AddOption("--far-quantile", o->mine.far_quantile,
                "instead: the quantile of random pairs' far cosines")
      .Excludes("--far-max");
  app.AddOption("--surface-near", o->mine.surface_near,
                "count for these near thresholds as well, comma-separated")
      .Delimiter(',');
  app.AddOption("--surface-far", o->mine.surface_far,
                "and for these far thresholds, all combinations")
      .Delimiter(',');
  app.AddOption("--engine", o->mine.engine,
                "exact, faiss-flat, faiss-ivf or auto")
      .ShowDefault();
  app.AddOption("--precision", o->mine.precision,
                "of an exact search's first pass: fp32, bf16, or auto (bf16 "
                "where the processor is faster in it); the pairs are the same")
      .ShowDefault();
  app.AddOption("--recall", o->mine.recall,
                "share of the near pairs that faiss-ivf is to find; 1 keeps "
                "auto exact")
      .ShowDefault();
  app.AddOption("--quantizer", o->mine.quantizer,
                "what faiss-ivf holds in memory: none, fp16 or int8")
      .ShowDefault();
  app.AddOption("--seed", o->mine.seed, "of samples and of faiss-ivf's cells")
      .ShowDefault();
  app.AddOption("--classes", o->select.classes,
                "keep pairs within or across classes, or all")
      .ShowDefault();
  app.AddOption("--max-per-image", o->select.max_per_image,
                "keep at most K pairs a picture (0: any number)")
      .ShowDefault();
  app.AddFlag("--copies", o->copies,
              "group copies of a picture in copies.csv (with --gallery too)");
  app.AddOption("--copies-min", o->mine.copies_min,
                "cosine above which, in both spaces, pictures are copies "
                "(0.98)");
  app.AddFlag("--dedupe", o->mine.dedupe,
              "exact copies leave one representative");
  app.AddOption("--top", o->top, "only the first K rows of pairs.csv")
      .NonNegative();
  app.AddFlag("--gallery", o->gallery, "write gallery.html as well");
  app.AddOption("--questions", o->questions,
                "folder for the first 150 (or K) pairs as MMVP-style "
                "questions to be written");
  AddModelFlags(app, o->flags);
  app.AddOption("--near-pool", o->near_pool, "head, cls or mean");
  app.AddOption("--far-pool", o->far_pool, "head, cls or mean");
  AddEncodeFlags(app, o->encode);
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunMine(*o); };
}

}  // namespace eyechart::cli
