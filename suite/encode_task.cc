// Task kind `encode`: features of every picture, and how fast they came.
#include <array>

#include "suite/task.h"

namespace eyechart::suite {
namespace {

constexpr std::array kEncodeKeys = {
    TaskKey{"batch", TaskKey::Type::kNumber, "32", false,
            "pictures a forward pass"},
    TaskKey{"tokens", TaskKey::Type::kBoolean, "false", false,
            "store tokens beside the pooled features"},
};

std::vector<Cell> PlanEncode(const SuiteSpec& suite, const TaskSpec& task) {
  BatchOf(task);
  return CellOfEach(suite, task);
}

std::vector<Record> RunEncode(const Cell& cell, TaskContext& context) {
  encoders::EncodeOptions options;
  options.batch = BatchOf(*cell.task);
  options.tokens = cell.task->keys.at("tokens") == "true";
  const encoders::EncodeSummary& summary =
      context.features.Encode(*cell.encoders[0], *cell.dataset, options)
          .summary;
  Record base;
  base.n = summary.images;
  base.weights_sha256 = summary.weights_sha256;
  base.preprocess_sha256 = summary.preprocess_sha256;
  base.dataset_sha256 = summary.items_sha256;
  if (summary.unreadable > 0)
    base.message = "first unreadable picture: " + summary.first_problem;
  for (const std::string& warning : summary.warnings)
    base.message += (base.message.empty() ? "" : "; ") + warning;
  std::vector<Record> records;
  const auto add = [&](std::string_view metric, double value) {
    records.push_back(base);
    SetMetric(records.back(), metric, value);
  };
  add("images", static_cast<double>(summary.images));
  add("unreadable", static_cast<double>(summary.unreadable));
  // A rate of pictures that were there already would be no rate.
  if (summary.encoded == summary.images) {
    add("encode_throughput",
        static_cast<double>(summary.encoded) / summary.seconds);
  } else {
    add("encode_throughput", 0);
    records.back().value.reset();
    records.back().status = RecordStatus::kSkipped;
    records.back().message =
        "resumed: only " + std::to_string(summary.encoded) + " of " +
        std::to_string(summary.images) + " pictures were encoded in this run";
  }
  return records;
}

}  // namespace

const TaskKind kEncodeTask = {
    "encode",   "feature store of every picture, with throughput",
    true,       kEncodeKeys,
    PlanEncode, RunEncode};

}  // namespace eyechart::suite
