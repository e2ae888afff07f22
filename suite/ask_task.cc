// Task kind `ask`: an encoder asked a benchmark of pairs, questions or
// captions.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "data/feature_store.h"
#include "probes/multiple_choice/ask_captioner.h"
#include "probes/multiple_choice/ask_encoder.h"
#include "probes/multiple_choice/ask_json.h"
#include "probes/multiple_choice/ask_records.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "probes/multiple_choice/outcomes_csv.h"
#include "probes/multiple_choice/read_out.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

namespace mc = multiple_choice;
using Type = TaskKey::Type;

constexpr std::array kAskKeys = {
    TaskKey{"labels", Type::kText, "corrected", false,
            "MMVP: corrected, by the errata, or original"},
    TaskKey{"scoring", Type::kText, "auto", false,
            "statements, options, features, read-out, likelihood, "
            "likelihood-mean, generate or auto"},
    TaskKey{"train", Type::kText, "", false,
            "read-out: the data set, of kind generated, to train it on"},
    TaskKey{"prompt", Type::kText, "", false,
            "before every text (default: the benchmark's)"},
    TaskKey{"option_text", Type::kText, "option", false,
            "what stands for an option: option or question"},
    TaskKey{"random_pairs", Type::kNumber, "10000", false,
            "random pairs that the pairs' cosines are ranked among"},
    TaskKey{"seed", Type::kNumber, "0", false, "of the random pairs"},
    TaskKey{"batch", Type::kNumber, "32", false, "pictures a forward pass"},
};

void RequireBenchmark(const SuiteSpec& suite,
                      const TaskSpec& task,
                      const DatasetSpec& dataset) {
  std::vector<std::string_view> kinds;
  for (const mc::BenchmarkKind& kind : mc::BenchmarkKinds())
    kinds.push_back(kind.name);
  const std::string where =
      fmt::format("{}:{}: [[task]]", suite.file.string(), task.line);
  EYECHART_REQUIRE(mc::FindBenchmarkKind(dataset.options.kind) != nullptr,
                   "{}: dataset \"{}\" is of kind {}, which asks nothing; ask "
                   "takes {}",
                   where, dataset.name, dataset.options.kind,
                   fmt::join(kinds, ", "));
  EYECHART_REQUIRE(dataset.limit == 0,
                   "{}: dataset \"{}\" has a limit, which would cut pairs",
                   where, dataset.name);
}

// The data set that `train` names, or null.
const DatasetSpec* TrainOf(const SuiteSpec& suite, const TaskSpec& task) {
  const auto key = task.keys.find("train");
  const std::string name = key == task.keys.end() ? "" : key->second;
  const std::string where =
      fmt::format("{}:{}: [[task]]", suite.file.string(), task.line);
  EYECHART_REQUIRE((task.keys.at("scoring") == "read-out") == !name.empty(),
                   "{}: scoring = \"read-out\" and train go together", where);
  if (name.empty()) return nullptr;
  TaskSpec named = task;
  named.datasets = {name};
  const DatasetSpec* train = DatasetsOf(suite, named).front();
  RequireBenchmark(suite, task, *train);
  return train;
}

std::int64_t Whole(const TaskSpec& task, const char* key) {
  const std::optional<std::int64_t> value = ParseInt(task.keys.at(key));
  EYECHART_REQUIRE(value && *value >= 0,
                   "{}: {} {}: should be an integer of at least 0",
                   WhereOf(task), key, task.keys.at(key));
  return *value;
}

mc::AskOptions AskOptionsOf(const TaskSpec& task) {
  mc::AskOptions options;
  options.scoring = task.keys.at("scoring");
  options.option_text = task.keys.at("option_text");
  options.pairs.random_pairs = Whole(task, "random_pairs");
  options.pairs.seed = static_cast<std::uint64_t>(Whole(task, "seed"));
  const auto prompt = task.keys.find("prompt");
  if (prompt != task.keys.end()) options.prompt = prompt->second;
  mc::RequireKnown(options);
  return options;
}

mc::ReadOptions ReadOptionsOf(const DatasetSpec& dataset,
                              const TaskSpec& task) {
  mc::ReadOptions read;
  read.path = dataset.options.path;
  read.root = dataset.options.root;
  read.kind = dataset.options.kind;
  read.labels = task.keys.at("labels");
  return read;
}

mc::Benchmark ReadBenchmark(const DatasetSpec& dataset, const TaskSpec& task) {
  return mc::ReadBenchmark(ReadOptionsOf(dataset, task));
}

std::vector<Cell> PlanAsk(const SuiteSpec& suite, const TaskSpec& task) {
  AskOptionsOf(task);
  BatchOf(task);
  std::vector<std::string> names = task.encoders;
  if (names.empty()) names.emplace_back();
  std::vector<Cell> cells;
  for (const DatasetSpec* dataset : DatasetsOf(suite, task)) {
    // Without `dataset` every benchmark is asked, and nothing else.
    if (task.datasets.empty() &&
        mc::FindBenchmarkKind(dataset->options.kind) == nullptr)
      continue;
    RequireBenchmark(suite, task, *dataset);
    mc::RequireKnown(ReadOptionsOf(*dataset, task));
    const DatasetSpec* train = TrainOf(suite, task);
    if (train == dataset) continue;
    for (const std::string& name : names) {
      for (const EncoderSpec* encoder : EncodersNamed(suite, task, name)) {
        Cell cell;
        cell.encoder = encoder->name;
        cell.dataset = dataset;
        cell.train = train;
        cell.encoders = {encoder};
        cell.setting = task.setting;
        cell.setting.insert(encoder->setting.begin(), encoder->setting.end());
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

// What came of it, with what its records say of where it came from.
struct Asked {
  mc::Result result;
  Record base;
};

void AddMessages(const std::vector<std::string>& warnings, Record& base) {
  for (const std::string& warning : warnings)
    base.message += (base.message.empty() ? "" : "; ") + warning;
}

Asked AskByFeatures(const Cell& cell,
                    const mc::Benchmark& benchmark,
                    const mc::AskOptions& options,
                    TaskContext& context) {
  std::optional<mc::Benchmark> train;
  if (cell.train != nullptr) {
    train = ReadBenchmark(*cell.train, *cell.task);
    mc::RequireTrainable(benchmark, *train);
  }
  encoders::EncodeOptions encode;
  encode.batch = BatchOf(*cell.task);
  const EncoderSpec& encoder = *cell.encoders[0];
  const CachedFeatures& features =
      context.features.Encode(encoder, *cell.dataset, encode);
  const data::FeatureStore store(features.folder);
  Asked asked;
  if (!train) {
    asked.result = mc::AskEncoder(benchmark, store, encoder.model, options,
                                  context.progress);
  } else {
    const data::FeatureStore train_store(
        context.features.Encode(encoder, *cell.train, encode).folder);
    const mc::TrainingPairs pairs{*train, train_store};
    asked.result = mc::AskEncoder(benchmark, store, encoder.model, options,
                                  context.progress, &pairs);
  }
  asked.base.weights_sha256 = features.summary.weights_sha256;
  asked.base.preprocess_sha256 = features.summary.preprocess_sha256;
  asked.base.dataset_sha256 = features.summary.items_sha256;
  AddMessages(asked.result.warnings, asked.base);
  AddMessages(features.summary.warnings, asked.base);
  return asked;
}

Asked AskInWords(const Cell& cell,
                 const mc::Benchmark& benchmark,
                 const mc::AskOptions& options,
                 TaskContext& context) {
  encoders::LoadedCaptioner model =
      encoders::LoadCaptioner(cell.encoders[0]->model);
  encoders::LookOptions look;
  look.batch = std::min(BatchOf(*cell.task), look.batch);
  mc::CaptionerResult answered =
      mc::AskCaptioner(benchmark, model, options, look, context.progress);
  Asked asked;
  asked.result = std::move(answered.result);
  asked.base.weights_sha256 = model.weights_sha256;
  asked.base.preprocess_sha256 = data::PreprocessSha256(model.preprocess);
  asked.base.dataset_sha256 = answered.items_sha256;
  AddMessages(asked.result.warnings, asked.base);
  return asked;
}

std::vector<Record> RunAsk(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  mc::AskOptions options = AskOptionsOf(task);
  const mc::Benchmark benchmark = ReadBenchmark(*cell.dataset, task);

  const EncoderSpec& encoder = *cell.encoders[0];
  const bool in_words = mc::AsksCaptioner(
      benchmark, encoders::OpenCheckpoint(encoder.model.model), options);
  const Asked asked = in_words
                          ? AskInWords(cell, benchmark, options, context)
                          : AskByFeatures(cell, benchmark, options, context);
  const mc::Result& result = asked.result;

  CreateFolder(context.outcomes.parent_path());
  WriteFileAtomic(context.outcomes, mc::OutcomesToCsv(benchmark, result));
  CreateFolder(context.artifacts);
  WriteFileAtomic(
      context.artifacts / "ask.json",
      mc::AskToJson(benchmark, result, encoder.name, {}).dump(1) + "\n");

  std::vector<Record> records = mc::AskRecords(benchmark, result, asked.base);
  for (Record& record : records) {
    const auto pattern = record.setting.find("pattern");
    if (pattern != record.setting.end())
      record.cell = PatternCell(cell, pattern->second);
  }
  return records;
}

}  // namespace

const TaskKind kAskTask = {
    "ask",   "multiple choice: MMVP, MMVP-VLM and other pairs and questions",
    true,    kAskKeys,
    PlanAsk, RunAsk};

}  // namespace eyechart::suite
