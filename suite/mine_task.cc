// Task kind `mine`: pairs that one encoder confuses and another tells apart.
#include <array>
#include <optional>

#include "core/files.h"
#include "core/statistics.h"
#include "data/feature_store.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "suite/mine_pipeline.h"
#include "suite/mined_patterns.h"
#include "suite/mined_pictures.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

using Type = TaskKey::Type;

constexpr std::array kMineKeys = {
    TaskKey{"near", Type::kText, "", true, "encoder that confuses the pair"},
    TaskKey{"far", Type::kText, "", true, "encoder that tells it apart"},
    TaskKey{"near_min", Type::kNumber, "0.95", false,
            "near pairs have a greater cosine"},
    TaskKey{"far_max", Type::kNumber, "0.6", false,
            "blind pairs have a lesser cosine"},
    TaskKey{"near_quantile", Type::kNumber, "0", false,
            "instead: quantile of random pairs' near cosines; 0: near_min"},
    TaskKey{"far_quantile", Type::kNumber, "0", false,
            "instead: quantile of random pairs' far cosines; 0: far_max"},
    TaskKey{"engine", Type::kText, "auto", false,
            "exact, faiss-flat, faiss-ivf or auto"},
    TaskKey{"recall", Type::kNumber, "0.999", false,
            "share of the near pairs that faiss-ivf is to find"},
    TaskKey{"classes", Type::kText, "all", false,
            "pairs that are kept: all, within or across"},
    TaskKey{"max_per_image", Type::kNumber, "0", false,
            "pairs that are kept a picture; 0: any number"},
    TaskKey{"dedupe", Type::kBoolean, "false", false,
            "exact copies leave one representative"},
    TaskKey{"top", Type::kNumber, "0", false, "rows of pairs.csv; 0: all"},
    TaskKey{"gallery", Type::kBoolean, "true", false, "pictures of the pairs"},
    TaskKey{"batch", Type::kNumber, "32", false, "pictures a forward pass"},
};

// Checked as far as it can be without features.
MineJob MineJobOf(const TaskSpec& task) {
  MineJob job;
  job.options.near_min = NumberOf(task, "near_min");
  job.options.far_max = NumberOf(task, "far_max");
  if (const double q = NumberOf(task, "near_quantile"); q != 0)
    job.options.near_quantile = q;
  if (const double q = NumberOf(task, "far_quantile"); q != 0)
    job.options.far_quantile = q;
  job.options.engine = task.keys.at("engine");
  job.options.recall = NumberOf(task, "recall");
  job.select.classes = task.keys.at("classes");
  job.select.max_per_image = WholeOf(task, "max_per_image");
  job.options.dedupe = task.keys.at("dedupe") == "true";
  job.top = WholeOf(task, "top");
  job.gallery = task.keys.at("gallery") == "true";
  RequireMineJob(job);
  return job;
}

std::vector<Cell> PlanMine(const SuiteSpec& suite, const TaskSpec& task) {
  MineJobOf(task);
  BatchOf(task);
  const auto near_encoders = EncodersNamed(suite, task, task.keys.at("near"));
  const auto far_encoders = EncodersNamed(suite, task, task.keys.at("far"));
  std::vector<Cell> cells;
  for (const DatasetSpec* dataset : DatasetsOf(suite, task)) {
    for (const EncoderSpec* near_encoder : near_encoders) {
      for (const EncoderSpec* far_encoder : far_encoders) {
        Cell cell;
        cell.encoder = near_encoder->name + "~" + far_encoder->name;
        cell.dataset = dataset;
        cell.encoders = {near_encoder, far_encoder};
        cell.setting = task.setting;
        cell.setting.erase("near");  // they stand in the encoder column
        cell.setting.erase("far");
        for (const auto& [key, value] : near_encoder->setting)
          cell.setting["near_" + key] = value;
        for (const auto& [key, value] : far_encoder->setting)
          cell.setting["far_" + key] = value;
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

// The benchmark that the pictures are, where they are pairs.
std::optional<multiple_choice::Benchmark> BenchmarkOf(const Cell& cell) {
  namespace mc = multiple_choice;
  const data::DatasetOptions& options = cell.dataset->options;
  if (mc::FindBenchmarkKind(options.kind) == nullptr) return std::nullopt;
  mc::ReadOptions read;
  read.path = options.path;
  read.root = options.root;
  read.kind = options.kind;
  mc::Benchmark benchmark = mc::ReadBenchmark(read);
  if (benchmark.pairs.empty()) return std::nullopt;
  return benchmark;
}

// What fell in which pattern; a pattern's share stands in a cell of its own.
void AddPatterns(const Cell& cell,
                 const multiple_choice::Benchmark& benchmark,
                 const mining::MiningResult& result,
                 const data::FeatureStore& store,
                 const std::filesystem::path& artifacts,
                 const Record& base,
                 std::vector<Record>& records) {
  const MinedPatterns mined =
      CountMined(benchmark, result.pairs, store.items());
  const auto add = [&](std::string_view metric, std::int64_t part,
                       std::int64_t whole) -> Record& {
    records.push_back(base);
    Record& record = records.back();
    record.n = whole;
    // 0/0 becomes a null with its reason.
    SetMetric(record, metric,
              static_cast<double>(part) / static_cast<double>(whole));
    return record;
  };
  // Blind pairs share pictures; the benchmark's own pairs, below, do not.
  const std::vector<MinedPicture> pictures =
      CountMinedPictures(benchmark, result.pairs, store.items());
  Record& own = add("blind_from_pairs", mined.mined, result.blind_pairs);
  if (own.value) own.ci = OwnPairInterval(pictures);
  WriteFileAtomic(artifacts / "mined_pictures.csv", MinedPicturesCsv(pictures));
  for (const MinedPattern& one : mined.patterns) {
    Record& record = add("mined_share", one.mined, one.pairs);
    if (record.value) record.ci = WilsonInterval(one.mined, one.pairs);
    record.setting["pattern"] = one.pattern;
    record.cell = PatternCell(cell, one.pattern);
  }
}

std::vector<Record> RunMine(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  MineJob job = MineJobOf(task);
  encoders::EncodeOptions encode;
  encode.batch = BatchOf(task);
  const CachedFeatures& near_features =
      context.features.Encode(*cell.encoders[0], *cell.dataset, encode);
  const CachedFeatures& far_features =
      context.features.Encode(*cell.encoders[1], *cell.dataset, encode);
  job.near_store = near_features.folder;
  job.far_store = far_features.folder;
  job.encode_seconds =
      near_features.summary.seconds + far_features.summary.seconds;
  job.pictures = &context.features.Pictures(*cell.dataset);
  const std::optional<multiple_choice::Benchmark> benchmark = BenchmarkOf(cell);
  if (benchmark) job.benchmark = &*benchmark;
  job.out = context.artifacts;
  const MineOutcome outcome = MineToFolder(job, context.progress);

  const mining::MiningResult& result = outcome.result;
  Record base;
  base.n = result.images - result.unreadable;
  base.weights_sha256 = near_features.summary.weights_sha256 + "+" +
                        far_features.summary.weights_sha256;
  base.preprocess_sha256 = near_features.summary.preprocess_sha256 + "+" +
                           far_features.summary.preprocess_sha256;
  base.dataset_sha256 = near_features.summary.items_sha256;
  if (job.options.near_quantile || job.options.far_quantile)
    base.message += fmt::format("near_min {:.6g}, far_max {:.6g} by quantile",
                                result.near_min, result.far_max);
  if (result.engine == "faiss-ivf" && result.recall)
    base.message +=
        fmt::format("{}recall {:.4f} on a sample",
                    base.message.empty() ? "" : "; ", *result.recall);
  for (const CachedFeatures* features : {&near_features, &far_features})
    for (const std::string& warning : features->summary.warnings)
      base.message += (base.message.empty() ? "" : "; ") + warning;
  std::vector<Record> records;
  const auto add = [&](std::string_view metric, double value) -> Record& {
    records.push_back(base);
    SetMetric(records.back(), metric, value);
    return records.back();
  };
  const auto blind = static_cast<double>(result.blind_pairs);
  const auto near_count = static_cast<double>(result.near_pairs);
  const auto candidates = static_cast<double>(result.candidate_pairs);
  add("near_pairs", near_count);
  add("blind_pairs", blind);
  // 0/0 becomes a null with its reason.
  Record& share = add("blind_share", blind / near_count);
  share.n = result.near_pairs;
  if (share.value) share.ci = result.blind_share_ci;
  add("blind_per_1e9", blind / candidates * 1e9).n = result.candidate_pairs;
  if (benchmark)
    AddPatterns(cell, *benchmark, result, data::FeatureStore(job.near_store),
                context.artifacts, base, records);
  return records;
}

}  // namespace

const TaskKind kMineTask = {
    "mine",   "pairs near in one encoder's space and far in another's",
    false,    kMineKeys,
    PlanMine, RunMine};

}  // namespace eyechart::suite
