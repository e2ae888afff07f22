#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/files.h"
#include "suite/mine_pipeline.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
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
  std::int64_t top = 0;
  bool gallery = false;
  bool json = false;
};

void RequireConsistent(const Options& o) {
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
    EYECHART_REQUIRE(!o.gallery || !o.pictures.images.empty(),
                     "--gallery needs the pictures: give IMAGES as well");
  }
  // Said before hours of encoding, not after.
  for (const auto& [flag, value] : {std::pair{"--near-min", o.mine.near_min},
                                    std::pair{"--far-max", o.mine.far_max}}) {
    EYECHART_REQUIRE(value >= -1 && value <= 1,
                     "{} {}: a cosine lies between -1 and 1", flag, value);
  }
}

encoders::EncodeSummary Encode(const Options& options,
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

void Print(const Json& j, const fs::path& out, bool gallery) {
  const auto count = [&j](const char* key) {
    return WithSeparators(j[key].get<std::int64_t>());
  };
  PrintLine(fmt::format("{} pictures ({} unreadable), {} pairs examined",
                        count("images"), count("unreadable"),
                        count("candidate_pairs")));
  PrintLine(
      fmt::format("{} near pairs (near cosine > {}), of which {} are "
                  "blind (far cosine < {})",
                  count("near_pairs"), j["near_min"].get<double>(),
                  count("blind_pairs"), j["far_max"].get<double>()));
  PrintLine(fmt::format("pairs    {}", j["pairs_csv"].get<std::string>()));
  PrintLine(fmt::format("summary  {}", (out / "mining.json").string()));
  if (gallery)
    PrintLine(fmt::format("gallery  {}", (out / "gallery.html").string()));
}

// The command line that makes the gallery again.
std::string CommandOf(const Options& o) {
  std::string command = "eyechart mine " + o.pictures.images;
  command +=
      o.near_store.empty()
          ? " --near " + o.near_model + " --far " + o.far_model
          : " --near-store " + o.near_store + " --far-store " + o.far_store;
  return command + fmt::format(" --near-min {} --far-max {} -o {} --gallery",
                               o.mine.near_min, o.mine.far_max, o.out);
}

int Run(const Options& options) {
  RequireConsistent(options);
  SetThreads(options.flags.threads);
  TerminalProgress progress;
  suite::MineJob job;
  job.options = options.mine;
  job.top = options.top;
  job.gallery = options.gallery;
  job.out = options.out;
  job.command = CommandOf(options);
  std::vector<std::string> warnings;
  std::unique_ptr<data::Dataset> pictures;
  if (!options.pictures.images.empty())
    pictures = OpenPictures(options.pictures);
  job.pictures = pictures.get();
  if (options.near_store.empty()) {
    CreateFolder(options.out);
    job.near_store = fs::path(options.out) / "near";
    job.far_store = fs::path(options.out) / "far";
    for (const bool is_near : {true, false}) {
      const encoders::EncodeSummary summary =
          Encode(options, is_near ? options.near_model : options.far_model,
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
    Print(outcome.json, options.out, options.gallery);
  return kExitOk;
}

}  // namespace

Runner AddMine(CLI::App& app) {
  auto o = std::make_shared<Options>();
  AddPictureFlags(app, o->pictures, false);
  app.add_option("--near", o->near_model,
                 "model that confuses the pairs, such as a CLIP");
  app.add_option("--far", o->far_model,
                 "model that tells them apart, such as a DINOv2");
  app.add_option("--near-store", o->near_store, "features made before");
  app.add_option("--far-store", o->far_store, "features made before");
  app.add_option("-o,--out", o->out, "folder for the results")->required();
  app.add_option("--near-min", o->mine.near_min,
                 "near pairs have a cosine above this")
      ->capture_default_str();
  app.add_option("--far-max", o->mine.far_max,
                 "blind pairs have a cosine below this")
      ->capture_default_str();
  app.add_option("--engine", o->mine.engine, "exact, faiss-flat or auto")
      ->capture_default_str();
  app.add_flag("--dedupe", o->mine.dedupe,
               "exact copies leave one representative");
  app.add_option("--top", o->top, "only the first K rows of pairs.csv")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--gallery", o->gallery, "write gallery.html as well");
  AddModelFlags(app, o->flags);
  app.add_option("--near-pool", o->near_pool, "head, cls or mean");
  app.add_option("--far-pool", o->far_pool, "head, cls or mean");
  AddEncodeFlags(app, o->encode);
  app.add_flag("--json", o->json, "print one JSON object");
  return [o] { return Run(*o); };
}

}  // namespace eyechart::cli
