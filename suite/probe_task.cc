// Task kind `probe`: what a read-out of an encoder's frozen features gets
// right, by a named protocol.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "suite/probe_pipeline.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

using Type = TaskKey::Type;

constexpr std::array kProbeKeys = {
    TaskKey{"probe", Type::kText, "", true,
            "knn, linear, attentive, zero-shot or mixture"},
    TaskKey{"train", Type::kText, "", false,
            "the data set to train on (all but zero-shot)"},
    TaskKey{"second", Type::kText, "", false,
            "mixture: the other encoder's name"},
    TaskKey{"protocol", Type::kText, "", false,
            "dinov2-linear or clip-logreg for linear (default: the first)"},
    TaskKey{"targets", Type::kText, "classes", false,
            "what labels are: classes, labels or numbers"},
    TaskKey{"select", Type::kText, "validation", false,
            "rows that choose among the grid: validation or test"},
    TaskKey{"validation", Type::kNumber, "0.1", false,
            "share of the training rows that choose"},
    TaskKey{"shots", Type::kNumber, "0", false,
            "training rows a class; 0: all"},
    TaskKey{"seed", Type::kNumber, "0", false, "of split, start and order"},
    TaskKey{"runs", Type::kNumber, "1", false, "seeds, from seed on"},
    TaskKey{"k", Type::kText, "10,20,100,200", false,
            "knn: neighbours that vote"},
    TaskKey{"temperature", Type::kNumber, "0.07", false,
            "knn: of the votes' softmax"},
    TaskKey{"engine", Type::kText, "exact", false, "knn: exact or faiss-flat"},
    TaskKey{"train_batch", Type::kNumber, "0", false,
            "rows a step; 0: the protocol's"},
    TaskKey{"steps", Type::kNumber, "0", false, "0: the protocol's"},
    TaskKey{"epochs", Type::kNumber, "0", false, "instead of steps"},
    TaskKey{"warmup_epochs", Type::kNumber, "0", false,
            "of a linear rise of the rate"},
    TaskKey{"keep_best", Type::kBoolean, "false", false,
            "each head as at its best look instead of the last"},
    TaskKey{"augment", Type::kBoolean, "false", false,
            "the encoder in the loop, pictures augmented each epoch"},
    TaskKey{"adapter", Type::kNumber, "0", false,
            "mixture: width of the adapters; 0: the lesser of the encoders'"},
    TaskKey{"prompts", Type::kText, "simple", false,
            "zero-shot: simple, or FILE[#SECTION]"},
    TaskKey{"batch", Type::kNumber, "32", false, "pictures a forward pass"},
};

std::vector<std::int64_t> Neighbours(const TaskSpec& task) {
  std::vector<std::int64_t> k;
  const std::string text = task.keys.at("k");
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<std::int64_t> value =
        ParseInt(std::string_view(text).substr(begin, end - begin));
    EYECHART_REQUIRE(
        value && *value > 0,
        "{}: k \"{}\": should be numbers with commas between, such "
        "as 10,20",
        WhereOf(task), text);
    k.push_back(*value);
    begin = end + 1;
  }
  return k;
}

probes::ProbeOptions ProbeOptionsOf(const TaskSpec& task) {
  probes::ProbeOptions options;
  options.kind = task.keys.at("probe");
  options.protocol = TextOf(task, "protocol");
  options.targets = probes::ParseTargetKind(task.keys.at("targets"));
  options.select = task.keys.at("select");
  options.validation = NumberOf(task, "validation");
  options.shots = WholeOf(task, "shots");
  options.seed = static_cast<std::uint64_t>(WholeOf(task, "seed"));
  options.runs = static_cast<int>(WholeOf(task, "runs"));
  options.k = Neighbours(task);
  options.temperature = NumberOf(task, "temperature");
  options.engine = task.keys.at("engine");
  options.batch = WholeOf(task, "train_batch");
  options.steps = WholeOf(task, "steps");
  options.epochs = NumberOf(task, "epochs");
  options.warmup_epochs = NumberOf(task, "warmup_epochs");
  options.keep_best = task.keys.at("keep_best") == "true";
  options.augment = task.keys.at("augment") == "true";
  options.adapter = WholeOf(task, "adapter");
  return options;
}

// The data set that a key names. Throws InputError with the nearest name.
const DatasetSpec* DatasetNamed(const SuiteSpec& suite,
                                const TaskSpec& task,
                                const std::string& name) {
  TaskSpec named = task;
  named.datasets = {name};
  return DatasetsOf(suite, named).front();
}

std::vector<Cell> PlanProbe(const SuiteSpec& suite, const TaskSpec& task) {
  const probes::ProbeOptions options = ProbeOptionsOf(task);
  ProbeJob job;
  job.options = options;
  job.prompts = task.keys.at("prompts");
  RequireProbeJob(job);
  BatchOf(task);
  const std::string train_name = TextOf(task, "train");
  const std::string second_name = TextOf(task, "second");
  const std::string where =
      fmt::format("{}:{}: [[task]]", suite.file.string(), task.line);
  EYECHART_REQUIRE(
      (options.kind == "zero-shot") == train_name.empty(), "{}: {}", where,
      train_name.empty() ? "probe = \"" + options.kind + "\" needs train"
                         : "zero-shot trains nothing; leave train out");
  EYECHART_REQUIRE((options.kind == "mixture") == !second_name.empty(),
                   "{}: probe = \"mixture\" and second go together", where);
  EYECHART_REQUIRE(!task.datasets.empty(),
                   "{}: dataset, what is tested on, is missing", where);
  const DatasetSpec* train =
      train_name.empty() ? nullptr : DatasetNamed(suite, task, train_name);
  std::vector<std::string> names = task.encoders;
  if (names.empty()) names.emplace_back();
  std::vector<Cell> cells;
  for (const DatasetSpec* dataset : DatasetsOf(suite, task)) {
    for (const std::string& name : names) {
      for (const EncoderSpec* encoder : EncodersNamed(suite, task, name)) {
        std::vector<const EncoderSpec*> others = {nullptr};
        if (!second_name.empty())
          others = EncodersNamed(suite, task, second_name);
        for (const EncoderSpec* other : others) {
          Cell cell;
          cell.encoder = encoder->name;
          cell.encoders = {encoder};
          cell.dataset = dataset;
          cell.train = train;
          cell.setting = task.setting;
          cell.setting.insert(encoder->setting.begin(), encoder->setting.end());
          if (other != nullptr) {
            if (other == encoder) continue;
            cell.encoder += "+" + other->name;
            cell.encoders.push_back(other);
            cell.setting.erase("second");  // it stands in the encoder column
          }
          cells.push_back(std::move(cell));
        }
      }
    }
  }
  return cells;
}

std::vector<Record> RunProbe(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  ProbeJob job;
  job.options = ProbeOptionsOf(task);
  job.prompts = task.keys.at("prompts");
  job.out = context.artifacts;
  encoders::EncodeOptions encode;
  encode.batch = BatchOf(task);
  job.encode_batch = encode.batch;
  Record base;
  const auto store = [&](const EncoderSpec& encoder,
                         const DatasetSpec& dataset) {
    EncoderSpec asked = encoder;
    AskForFeatures(job.options, asked.model, encode);
    // Stores of another pool are stores of their own.
    if (asked.model.prefer_blocks) asked.setting["pool"] = "blocks";
    if (asked.model.pool != encoder.model.pool)
      asked.setting["pool"] = asked.model.pool;
    const CachedFeatures& features =
        context.features.Encode(asked, dataset, encode);
    for (const std::string& warning : features.summary.warnings)
      base.message += (base.message.empty() ? "" : "; ") + warning;
    return features.folder;
  };
  const EncoderSpec& encoder = *cell.encoders[0];
  job.test_store = store(encoder, *cell.dataset);
  job.test_name = cell.dataset->name;
  if (cell.train != nullptr) {
    job.train_store = store(encoder, *cell.train);
    job.train_name = cell.train->name;
  }
  if (cell.encoders.size() > 1) {
    job.second_test_store = store(*cell.encoders[1], *cell.dataset);
    job.second_train_store = store(*cell.encoders[1], *cell.train);
  }
  job.model = encoder.model;
  AskForFeatures(job.options, *job.model, encode);
  if (job.options.augment)
    job.train_pictures = &context.features.Pictures(*cell.train);
  const probes::ProbeResult result = RunProbeJob(job, context.progress);
  CreateFolder(context.outcomes.parent_path());
  WriteFileAtomic(context.outcomes, result.outcomes);
  return probes::ProbeRecords(result, base);
}

}  // namespace

const TaskKind kProbeTask = {
    "probe",
    "read-outs of frozen features: knn, linear, attentive and others",
    true,
    kProbeKeys,
    PlanProbe,
    RunProbe};

}  // namespace eyechart::suite
