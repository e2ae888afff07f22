#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/probe_output.h"
#include "cli/scratch_folder.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "data/split_paths.h"
#include "probes/pipeline/head_file.h"
#include "suite/probe_pipeline.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct ProbeFlags {
  std::vector<std::string> names;  // KIND [MODEL] [DATASET], apply HEAD ...
  std::string train;
  std::string test;
  std::string kind;  // of the data sets
  std::int64_t limit = 0;
  std::string label_column;
  std::string train_store;
  std::string test_store;
  std::string second;  // a mixture's other model
  std::string second_train_store;
  std::string second_test_store;
  std::string targets = "classes";
  std::string prompts = "simple";
  std::string compare;  // probe.json of another encoder
  bool underscores = false;
  probes::ProbeOptions probe;
  ModelFlags flags;
  encoders::EncodeOptions encode;
  std::string out;
  bool json = false;
};

// The pictures of a training and a test set.
struct Pictures {
  std::unique_ptr<data::Dataset> train;
  std::unique_ptr<data::Dataset> test;
  std::string train_path;  // as the user knows them
  std::string test_path;
};

std::unique_ptr<data::Dataset> OpenProbeData(const ProbeFlags& o,
                                             const std::string& path) {
  PictureFlags flags;
  flags.images = path;
  flags.kind = o.kind;
  flags.limit = o.limit;
  flags.label_column = o.label_column;
  return OpenPictures(flags);
}

// `needs_train`: also the training pictures.
Pictures OpenDatasets(const ProbeFlags& o,
                      const std::string& dataset,
                      bool needs_train) {
  EYECHART_REQUIRE(
      dataset.empty() || (o.train.empty() && o.test.empty()),
      "DATASET \"{}\" and --train or --test: give one or the other", dataset);
  std::string train = o.train;
  std::string test = o.test;
  if (!dataset.empty()) {
    // Without training any labelled pictures will do.
    if (!needs_train) {
      try {
        test = data::FindSplits(dataset).test.string();
      } catch (const InputError&) {
        test = dataset;
      }
    } else {
      const data::SplitPaths splits = data::FindSplits(dataset);
      train = splits.train.string();
      test = splits.test.string();
    }
  }
  EYECHART_REQUIRE(!test.empty() && (!needs_train || !train.empty()),
                   "the pictures are missing: probe KIND MODEL DATASET, or "
                   "--train and --test, or --train-store and --test-store");
  Pictures pictures;
  if (needs_train) pictures.train = OpenProbeData(o, train);
  pictures.test = OpenProbeData(o, test);
  pictures.train_path = std::move(train);
  pictures.test_path = std::move(test);
  return pictures;
}

// Pictures and the store that their features go to.
struct EncodeTo {
  const data::Dataset* pictures = nullptr;  // null: nothing to do
  fs::path store;
};

// Loads the model once for all of `jobs`; gives their warnings.
std::vector<std::string> EncodeForProbe(const encoders::ModelSpec& spec,
                                        const encoders::EncodeOptions& encode,
                                        std::initializer_list<EncodeTo> jobs) {
  TerminalProgress progress;
  encoders::LoadedModel model = encoders::LoadModel(spec);
  std::vector<std::string> warnings;
  for (const EncodeTo& job : jobs) {
    if (job.pictures == nullptr) continue;
    const encoders::EncodeSummary summary = encoders::EncodeDataset(
        model, *job.pictures, job.store, encode, progress);
    for (std::string& warning : WarningsOf(summary, job.pictures->name()))
      warnings.push_back(std::move(warning));
  }
  return warnings;
}

void RequireProbeFlags(const ProbeFlags& o, std::size_t names, bool mixture) {
  const bool stores = !o.train_store.empty() || !o.test_store.empty();
  EYECHART_REQUIRE(
      mixture == (!o.second.empty() || !o.second_test_store.empty()), "{}",
      mixture ? "a mixture needs --second MODEL, or "
                "--second-train-store and --second-test-store"
              : "--second goes with probe mixture");
  if (!stores) return;
  EYECHART_REQUIRE(
      names < 3 && o.train.empty() && o.test.empty(),
      "either MODEL DATASET, or --train-store and --test-store: not both");
}

int FinishProbe(const ProbeFlags& o,
                Json json,
                const std::vector<std::string>& warnings) {
  std::vector<std::string> all = warnings;
  for (const Json& warning : json["warnings"])
    all.push_back(warning.get<std::string>());
  json["warnings"] = all;
  for (const std::string& warning : all) PrintWarning(warning);
  if (!o.compare.empty()) json["comparison"] = CompareProbes(json, o.compare);
  if (o.json)
    PrintJson(json);
  else
    PrintProbe(json, o.out);
  return kExitOk;
}

int Apply(const ProbeFlags& o) {
  const std::size_t n = o.names.size();
  EYECHART_REQUIRE(n == 2 || n == 4 || (n == 3 && !o.test.empty()),
                   "probe apply HEAD MODEL DATASET, or probe apply HEAD "
                   "--test-store STORE");
  const probes::HeadFile head(o.names[1]);
  std::vector<std::string> warnings;
  std::optional<ScratchFolder> scratch;
  fs::path store = o.test_store;
  fs::path second = o.second_test_store;
  // What messages call the pictures and whose features they are told by;
  // empty: the store, which is the user's own.
  std::string name;
  std::string model;
  if (n > 2) {
    EYECHART_REQUIRE(o.test_store.empty() && !head.is_mixture(),
                     "a MODEL beside --test-store, or a mixture's head, which "
                     "takes --test-store and --second-test-store");
    const Pictures pictures =
        OpenDatasets(o, n == 4 ? o.names[3] : "", /*needs_train=*/false);
    store = o.out.empty() ? scratch.emplace().path() / "features"
                          : fs::path(o.out) / "features";
    encoders::ModelSpec spec = SpecOf(o.names[2], o.flags);
    if (spec.pool.empty() && !head.reads_tokens())
      spec.pool = head.facts().at("features").value("pool", "");
    encoders::EncodeOptions encode = o.encode;
    encode.tokens = head.reads_tokens();
    warnings = EncodeForProbe(spec, encode, {{pictures.test.get(), store}});
    name = pictures.test_path;
    model = o.names[2];
  }
  EYECHART_REQUIRE(!store.empty() && (!head.is_mixture() || !second.empty()),
                   "{} is missing",
                   store.empty() ? "--test-store" : "--second-test-store");
  const auto open = [](const fs::path& folder) {
    return std::make_shared<const data::FeatureStore>(folder);
  };
  const auto first = open(store);
  head.RequireFits(*first, /*second=*/false, model);
  std::optional<probes::ProbeSide> side;
  if (head.is_mixture()) {
    const auto other = open(second);
    head.RequireFits(*other, /*second=*/true);
    side.emplace(first, other);
  } else {
    side.emplace(first, head.reads_tokens(), name);
  }
  probes::AppliedHead applied = probes::ApplyHead(head, *side);
  if (!o.out.empty()) {
    CreateFolder(o.out);
    WriteFileAtomic(fs::path(o.out) / "outcomes.csv", applied.outcomes);
    WriteFileAtomic(fs::path(o.out) / "probe.json",
                    applied.json.dump(1) + "\n");
  }
  return FinishProbe(o, std::move(applied.json), warnings);
}

int RunProbe(ProbeFlags o) {
  SetThreads(o.flags.threads);
  o.probe.kind = o.names.front();
  if (o.probe.kind == "apply") return Apply(o);
  o.probe.targets = probes::ParseTargetKind(o.targets);
  const probes::Protocol& protocol = probes::FindProtocol(o.probe);
  const bool mixture = protocol.kind == "mixture";
  const bool trains = protocol.kind != "zero-shot";
  RequireProbeFlags(o, o.names.size(), mixture);
  suite::ProbeJob job;
  job.options = o.probe;
  job.out = o.out;
  job.workers = o.encode.workers;
  job.encode_batch = o.encode.batch;
  job.device = o.flags.device;
  job.prompts = o.prompts;
  job.underscores_to_blanks = o.underscores;
  job.train_store = o.train_store;
  job.test_store = o.test_store;
  job.second_train_store = o.second_train_store;
  job.second_test_store = o.second_test_store;
  suite::RequireProbeJob(job);
  std::vector<std::string> warnings;
  std::optional<ScratchFolder> scratch;
  Pictures pictures;
  if (o.names.size() > 1) {
    job.model = SpecOf(o.names[1], o.flags);
    encoders::EncodeOptions encode = o.encode;
    suite::AskForFeatures(o.probe, *job.model, encode);
    if (o.test_store.empty()) {
      pictures = OpenDatasets(o, o.names.size() > 2 ? o.names[2] : "", trains);
      fs::path folder = o.out;
      if (o.out.empty())
        folder = scratch.emplace().path();
      else
        CreateFolder(folder);
      job.test_store = folder / "test-features";
      job.test_name = pictures.test_path;
      if (trains) {
        job.train_store = folder / "train-features";
        job.train_name = pictures.train_path;
      }
      warnings = EncodeForProbe(*job.model, encode,
                                {{pictures.train.get(), job.train_store},
                                 {pictures.test.get(), job.test_store}});
      job.train_pictures = pictures.train.get();
      if (mixture) {
        job.second_train_store = folder / "second-train-features";
        job.second_test_store = folder / "second-test-features";
        // The same pictures again: their warnings are told once.
        EncodeForProbe(SpecOf(o.second, o.flags), encode,
                       {{pictures.train.get(), job.second_train_store},
                        {pictures.test.get(), job.second_test_store}});
      }
    }
  }
  EYECHART_REQUIRE(
      !job.test_store.empty() && (!trains || !job.train_store.empty()),
      "{} is missing: probe KIND MODEL DATASET, or --train-store and "
      "--test-store",
      job.test_store.empty() ? "--test-store" : "--train-store");
  EYECHART_REQUIRE(!o.probe.augment || job.train_pictures != nullptr,
                   "--augment runs the encoder on pictures: give MODEL and "
                   "DATASET instead of stores");
  TerminalProgress progress;
  const probes::ProbeResult result = suite::RunProbeJob(job, progress);
  return FinishProbe(o, probes::ProbeToJson(result), warnings);
}

void AddDataFlags(Arguments& app, ProbeFlags& o) {
  app.AddOption("--train", o.train, "pictures to train on, instead of DATASET");
  app.AddOption("--test", o.test, "pictures to test on");
  app.AddOption("--kind", o.kind,
                "folder, csv, list, coco, idx or boxes (default: by looking)");
  app.AddOption("--label-column", o.label_column,
                "column of a CSV that labels come from (default: label)");
  app.AddOption("--limit", o.limit, "first N pictures of each only")
      .NonNegative();
  app.AddOption("--train-store", o.train_store, "features made before");
  app.AddOption("--test-store", o.test_store, "features made before");
  app.AddOption("--second", o.second, "mixture: the other MODEL");
  app.AddOption("--second-train-store", o.second_train_store,
                "mixture: its features, with tokens");
  app.AddOption("--second-test-store", o.second_test_store,
                "mixture: its features, with tokens");
  app.AddOption("--targets", o.targets,
                "what labels are: classes, labels (several, a|b) or numbers")
      .ShowDefault();
}

void AddProtocolFlags(Arguments& app, probes::ProbeOptions& p) {
  app.AddOption("--protocol", p.protocol,
                "linear: dinov2-linear or clip-logreg (default: the kind's "
                "first)");
  app.AddOption("--select", p.select,
                "rows that choose among the grid: validation (cut from the "
                "training rows) or test (as the papers do)")
      .ShowDefault();
  app.AddOption("--validation", p.validation,
                "share of the training rows that choose")
      .ShowDefault();
  app.AddOption("--shots", p.shots, "training rows a class (0: all)")
      .ShowDefault();
  app.AddOption("--seed", p.seed, "of split, start and order").ShowDefault();
  app.AddOption("--runs", p.runs, "seeds, from --seed on").ShowDefault();
  app.AddOption("--k", p.k, "knn: neighbours that vote, comma-separated")
      .Delimiter(',')
      .ShowDefault();
  app.AddOption("--temperature", p.temperature, "knn: of the votes' softmax")
      .ShowDefault();
  app.AddOption("--engine", p.engine, "knn: exact or faiss-flat").ShowDefault();
}

void AddTrainingFlags(Arguments& app, probes::ProbeOptions& p) {
  app.AddOption("--train-batch", p.batch,
                "rows a step (default: the protocol's)");
  app.AddOption("--steps", p.steps, "steps (default: the protocol's)");
  app.AddOption("--epochs", p.epochs, "or epochs");
  app.AddOption("--warmup-epochs", p.warmup_epochs,
                "of a linear rise of the rate")
      .ShowDefault();
  app.AddOption("--looks", p.looks, "at the validation rows while training")
      .ShowDefault();
  app.AddFlag("--keep-best", p.keep_best,
              "each head as at its best look instead of the last");
  app.AddFlag("--augment", p.augment,
              "the encoder in the loop, pictures augmented each epoch");
  app.AddOption("--mix-alpha", p.alphas,
                "mixture: shares of the first encoder, comma-separated")
      .Delimiter(',')
      .ShowDefault();
  app.AddOption("--adapter", p.adapter,
                "mixture: width of the adapters (default: the lesser of the "
                "two encoders')");
}

}  // namespace

Runner AddProbe(Arguments& app) {
  auto o = std::make_shared<ProbeFlags>();
  app.AddOption("names", o->names,
                "KIND (knn, linear, attentive, zero-shot, mixture), MODEL and "
                "DATASET (a folder with train and test parts); or apply, HEAD "
                "and what it is applied to")
      .Required()
      .Expected(1, 4)
      .TypeName("KIND [MODEL] [DATASET]");
  AddDataFlags(app, *o);
  AddProtocolFlags(app, o->probe);
  AddTrainingFlags(app, o->probe);
  app.AddOption("--prompts", o->prompts,
                "zero-shot: simple, or FILE[#SECTION] with templates")
      .ShowDefault();
  app.AddFlag("--underscores-to-blanks", o->underscores,
              "zero-shot: in class names");
  app.AddOption("--compare", o->compare,
                "probe.json of another encoder: differences seed by seed");
  app.AddOption("-o,--out", o->out,
                "folder for probe.json, outcomes.csv, head/ and features");
  AddModelFlags(app, o->flags);
  app.AddOption("--pool", o->flags.pool,
                "head, cls, mean or blocks (default: the protocol's)");
  AddEncodeFlags(app, o->encode);
  app.AddFlag("--json", o->json, "print one JSON object");
  app.SetFooter(
      "eyechart probe KIND MODEL DATASET\n"
      "eyechart probe KIND --train-store STORE --test-store STORE\n"
      "eyechart probe apply HEAD MODEL DATASET");
  return [o] { return RunProbe(*o); };
}

}  // namespace eyechart::cli
