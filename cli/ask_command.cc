#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/ask_chart.h"
#include "cli/ask_options.h"
#include "cli/ask_output.h"
#include "cli/command.h"
#include "cli/scratch_folder.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "data/feature_store.h"
#include "probes/multiple_choice/answers.h"
#include "probes/multiple_choice/ask_captioner.h"
#include "probes/multiple_choice/ask_json.h"
#include "probes/multiple_choice/outcomes_csv.h"
#include "probes/multiple_choice/paired_comparison.h"
#include "probes/multiple_choice/read_out.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;
using multiple_choice::Benchmark;
using multiple_choice::Result;

// Benchmarks that are a word, not a path: they make their own pictures. To add
// one: its runner in a file of its own and a row. A folder of the same name is
// meant by "./NAME".
struct NamedBenchmark {
  std::string_view name;
  int (*run)(const AskFlags& flags);
};

constexpr std::array kNamedBenchmarks = {
    NamedBenchmark{"chart", RunAskChart},
};

// MODEL and BENCHMARK of the names; checks what does not go together.
void Settle(AskFlags& flags) {
  if (flags.names.size() == 2) flags.model = flags.names.front();
  flags.read.path = flags.names.back();
  EYECHART_REQUIRE(!flags.model.empty() || !flags.answers.empty(),
                   "BENCHMARK is missing beside \"{}\": ask MODEL BENCHMARK, "
                   "or ask BENCHMARK --answers FILE.csv",
                   flags.names.back());
  if (flags.answers.empty()) {
    EYECHART_REQUIRE(
        flags.option_order == "original" && flags.notation == "letters",
        "--option-order and --notation tell how the questions were put to who "
        "answered them; they go with --answers");
  }
  if (!flags.train.empty() && flags.ask.scoring == "auto")
    flags.ask.scoring = "read-out";
  EYECHART_REQUIRE((flags.ask.scoring == "read-out") == !flags.train.empty(),
                   "--scoring read-out and --train-on go together");
  if (flags.has_prompt) flags.ask.prompt = flags.prompt;
  multiple_choice::RequireKnown(flags.ask);
}

Result Answered(const AskFlags& flags, const Benchmark& benchmark) {
  multiple_choice::AnswerOptions options;
  options.notation = multiple_choice::ParseNotation(flags.notation);
  options.swapped = multiple_choice::ParseSwapped(flags.option_order);
  Result result =
      multiple_choice::ScoreAnswers(benchmark, flags.answers, options);
  multiple_choice::DescribeResult(benchmark, result);
  return result;
}

Result Written(const AskFlags& flags,
               const encoders::ModelSpec& spec,
               const Benchmark& benchmark) {
  TerminalProgress progress;
  encoders::LoadedCaptioner model = encoders::LoadCaptioner(spec);
  encoders::LookOptions look;
  look.batch = std::min(flags.encode.batch, look.batch);
  look.workers = flags.encode.workers;
  Result result =
      multiple_choice::AskCaptioner(benchmark, model, flags.ask, look, progress)
          .result;
  result.setting["weights_sha256"] = model.weights_sha256;
  result.setting["preprocess_sha256"] =
      data::PreprocessSha256(model.preprocess);
  result.setting["dtype"] = spec.dtype;
  return result;
}

Result Encoded(AskFlags& flags, const Benchmark& benchmark) {
  const encoders::ModelSpec spec = SpecOf(flags.model, flags.flags);
  if (multiple_choice::AsksCaptioner(
          benchmark, encoders::OpenCheckpoint(spec.model), flags.ask))
    return Written(flags, spec, benchmark);
  TerminalProgress progress;
  std::optional<ScratchFolder> scratch;
  fs::path store = fs::path(flags.out) / "features";
  if (flags.out.empty()) store = scratch.emplace().path() / "features";
  const fs::path train_folder = store.parent_path() / "train-features";
  std::optional<Benchmark> train;
  if (!flags.train.empty()) {
    multiple_choice::ReadOptions read = flags.read;
    read.path = flags.train;
    train = multiple_choice::ReadBenchmark(read);
    multiple_choice::RequireTrainable(benchmark, *train);
  }
  encoders::EncodeSummary summary;
  {
    encoders::LoadedModel model = encoders::LoadModel(spec);
    multiple_choice::RequireAskable(benchmark, model.checkpoint,
                                    encoders::PoolName(model.pool), flags.ask);
    const auto pictures = multiple_choice::BenchmarkPictures(benchmark);
    summary = encoders::EncodeDataset(model, *pictures, store, flags.encode,
                                      progress);
    if (train) {
      const auto others = multiple_choice::BenchmarkPictures(*train);
      encoders::EncodeDataset(model, *others, train_folder, flags.encode,
                              progress);
    }
  }
  const data::FeatureStore features(store);
  Result result;
  if (flags.train.empty()) {
    result = multiple_choice::AskEncoder(benchmark, features, spec, flags.ask,
                                         progress);
  } else {
    const data::FeatureStore train_store(train_folder);
    const multiple_choice::TrainingPairs pairs{*train, train_store};
    result = multiple_choice::AskEncoder(benchmark, features, spec, flags.ask,
                                         progress, &pairs);
  }
  result.setting["weights_sha256"] = summary.weights_sha256;
  result.setting["preprocess_sha256"] = summary.preprocess_sha256;
  result.setting["dtype"] = spec.dtype;
  for (std::string& warning : WarningsOf(summary, benchmark.name))
    result.warnings.push_back(std::move(warning));
  return result;
}

int RunAsk(AskFlags flags) {
  Settle(flags);
  SetThreads(flags.flags.threads);
  for (const NamedBenchmark& named : kNamedBenchmarks)
    if (flags.read.path == named.name) return named.run(flags);
  flags.read.pictures = flags.answers.empty();
  const Benchmark benchmark = multiple_choice::ReadBenchmark(flags.read);
  if (!flags.out.empty()) CreateFolder(flags.out);
  const Result result = flags.answers.empty() ? Encoded(flags, benchmark)
                                              : Answered(flags, benchmark);
  std::vector<multiple_choice::PairedComparison> comparisons;
  if (!flags.compare.empty())
    comparisons = multiple_choice::CompareOutcomes(benchmark, result,
                                                   flags.compare, flags.mid_p);
  const Json json =
      multiple_choice::AskToJson(benchmark, result, flags.model, comparisons);
  if (!flags.out.empty()) {
    const fs::path out(flags.out);
    WriteFileAtomic(out / "outcomes.csv",
                    multiple_choice::OutcomesToCsv(benchmark, result));
    // Last of all: where it stands, everything else does.
    WriteFileAtomic(out / "ask.json", json.dump(1) + "\n");
  }
  for (const std::string& warning : result.warnings) PrintWarning(warning);
  if (flags.json)
    PrintJson(json);
  else
    PrintAsk(json);
  return kExitOk;
}

void AddBenchmarkFlags(Arguments& app, AskFlags& f) {
  app.AddOption("--kind", f.read.kind,
                "mmvp-vlm, mmvp, winoground, sugarcrepe, generated or "
                "questions (default: by looking)");
  app.AddOption("--root", f.read.root,
                "folder of the pictures (default: beside the questions)");
  app.AddOption("--labels", f.read.labels,
                "MMVP: corrected, by the errata, or original")
      .ShowDefault();
}

void AddAnswerFlags(Arguments& app, AskFlags& f) {
  app.AddOption("--answers", f.answers,
                "CSV with id and answer (free text), made by any system");
  app.AddOption("--option-order", f.option_order,
                "as the answers' maker saw the options: original or swapped "
                "(last to first)")
      .ShowDefault();
  app.AddOption("--notation", f.notation,
                "and their marks: letters, (a), or numbers, (1)")
      .ShowDefault();
}

void AddScoringFlags(Arguments& app, AskFlags& f) {
  app.AddOption("--scoring", f.ask.scoring,
                "statements, options, features or auto (the first of these "
                "that encoder and benchmark can do); of models that write: "
                "likelihood (of the options' words; auto takes it), "
                "likelihood-mean (a token) or generate; read-out needs "
                "--train-on")
      .ShowDefault();
  app.AddOption("--train-on", f.train,
                "generated pairs of another seed to train a read-out of the "
                "features on");
  app.AddOption("--prompt", f.prompt,
                "before every text (default: the benchmark's; \"a photo of \" "
                "for MMVP-VLM); models that write are asked it, {question} and "
                "{options} put in")
      .Tells(f.has_prompt);
  app.AddOption("--option-text", f.ask.option_text,
                "what stands for an option: option (its text alone) or "
                "question (the question before it)")
      .ShowDefault();
  app.AddOption("--random-pairs", f.ask.pairs.random_pairs,
                "random pairs that the pairs' cosines are ranked among")
      .ShowDefault();
  app.AddOption("--seed", f.ask.pairs.seed,
                "of the random pairs, or of the eye chart's pictures")
      .ShowDefault();
  app.AddOption("--compare", f.compare,
                "outcomes.csv of another run on the same items: exact McNemar "
                "test");
  app.AddFlag("--mid-p", f.mid_p, "McNemar's mid-p instead of the exact test");
}

}  // namespace

Runner AddAsk(Arguments& app) {
  auto flags = std::make_shared<AskFlags>();
  app.AddOption("names", flags->names,
                "MODEL (a checkpoint; with --answers a name or nothing) and "
                "BENCHMARK (a folder, the file with the questions, or chart)")
      .Required()
      .Expected(1, 2)
      .TypeName("[MODEL] BENCHMARK");
  AddBenchmarkFlags(app, *flags);
  AddAnswerFlags(app, *flags);
  AddScoringFlags(app, *flags);
  AddChartFlags(app, flags->chart);
  app.AddOption("-o,--out", flags->out,
                "folder for outcomes.csv, ask.json and the features");
  AddModelFlags(app, flags->flags);
  app.AddOption("--pool", flags->flags.pool,
                "head, cls or mean (default: the family's; words need head)");
  AddEncodeFlags(app, flags->encode);
  app.AddFlag("--json", flags->json, "print one JSON object");
  app.SetFooter(
      "eyechart ask MODEL BENCHMARK\n"
      "eyechart ask [NAME] BENCHMARK --answers FILE.csv");
  return [flags] { return RunAsk(*flags); };
}

}  // namespace eyechart::cli
