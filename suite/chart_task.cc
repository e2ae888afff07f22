// Task kind `chart`: an encoder before the eye chart; a cell for each chart and
// read-out.
#include <array>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "data/scenes/render_options.h"
#include "probes/acuity/acuity_records.h"
#include "probes/acuity/chart_encoder.h"
#include "suite/task.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

using Type = TaskKey::Type;

constexpr std::array kChartKeys = {
    TaskKey{"chart", Type::kText, "all", false,
            "tumbling-e, landolt-c, one of the nine patterns, or all"},
    TaskKey{"read_out", Type::kText, "linear", false, "linear or knn"},
    TaskKey{"train", Type::kNumber, "192", false,
            "pictures a step to train a read-out on"},
    TaskKey{"test", Type::kNumber, "192", false, "pictures a step to test on"},
    TaskKey{"seed", Type::kNumber, "0", false, "of the pictures"},
    TaskKey{"batch", Type::kNumber, "32", false, "pictures a forward pass"},
};

// The eye chart brings its own pictures; cells call them this.
const DatasetSpec& ChartDataset() {
  static const DatasetSpec dataset = [] {
    DatasetSpec spec;
    spec.name = "generated";
    return spec;
  }();
  return dataset;
}

int Count(const TaskSpec& task, const char* key, std::int64_t low) {
  const std::optional<std::int64_t> value = ParseInt(task.keys.at(key));
  EYECHART_REQUIRE(value && *value >= low && *value <= 1 << 20,
                   "{}: {} {}: should be an integer of at least {}",
                   WhereOf(task), key, task.keys.at(key), low);
  return static_cast<int>(*value);
}

probes::ChartOptions ChartOptionsOf(const TaskSpec& task) {
  probes::ChartOptions options;
  options.train = Count(task, "train", 1);
  options.test = Count(task, "test", 1);
  options.seed = static_cast<std::uint64_t>(Count(task, "seed", 0));
  return options;
}

std::vector<std::string> ChartsOf(const TaskSpec& task) {
  const std::string& name = task.keys.at("chart");
  if (name != "all") return {probes::FindChart(name).name};
  std::vector<std::string> names;
  for (const probes::Chart& chart : probes::Charts())
    names.push_back(chart.name);
  return names;
}

std::vector<Cell> PlanChart(const SuiteSpec& suite, const TaskSpec& task) {
  const probes::ReadOut read_out =
      probes::ParseReadOut(task.keys.at("read_out"));
  const probes::ChartOptions options = ChartOptionsOf(task);
  for (const std::string& chart : ChartsOf(task))
    probes::RequireTrainable(probes::FindChart(chart), options, read_out);
  BatchOf(task);
  std::vector<std::string> encoders = task.encoders;
  if (encoders.empty()) encoders.emplace_back();
  std::vector<Cell> cells;
  for (const std::string& name : encoders) {
    for (const EncoderSpec* encoder : EncodersNamed(suite, task, name)) {
      for (const std::string& chart : ChartsOf(task)) {
        Cell cell;
        cell.encoder = encoder->name;
        cell.dataset = &ChartDataset();
        cell.encoders = {encoder};
        cell.setting = task.setting;
        cell.setting["chart"] = chart;
        cell.setting.insert(encoder->setting.begin(), encoder->setting.end());
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

std::vector<Record> RunChart(const Cell& cell, TaskContext& context) {
  const TaskSpec& task = *cell.task;
  const EncoderSpec& encoder = *cell.encoders[0];
  probes::ChartJob job;
  job.model = encoder.model;
  job.chart = &probes::FindChart(cell.setting.at("chart"));
  job.read_out = probes::ParseReadOut(task.keys.at("read_out"));
  job.options = ChartOptionsOf(task);
  job.encode.batch = BatchOf(task);
  job.store = context.features.StoreFolder(
      encoder,
      fmt::format("chart-{}-{}-{}-{}", job.chart->name, job.options.train,
                  job.options.test, job.options.seed));
  const probes::ChartOutcome outcome =
      probes::MeasureChart(job, context.progress);

  CreateFolder(context.outcomes.parent_path());
  WriteFileAtomic(context.outcomes,
                  probes::ChartOutcomesCsv(outcome, job.options));
  CreateFolder(context.artifacts);
  WriteFileAtomic(
      context.artifacts / "acuity.json",
      probes::AcuityJson(outcome.acuity, outcome.patch_size).dump(1) + "\n");
  std::vector<Record> records = probes::AcuityRecords(outcome);
  // All that the score depends on, defaults written out; pictures as many as
  // were taken.
  for (Record& record : records)
    record.setting = {
        {"read_out", std::string(probes::ReadOutName(job.read_out))},
        {"train", std::to_string(job.chart->WholeGroups(job.options.train))},
        {"test", std::to_string(job.chart->WholeGroups(job.options.test))},
        {"seed", std::to_string(job.options.seed)},
        {"size", std::to_string(outcome.size)},
        {"renderer", std::to_string(scenes::kRendererVersion)}};
  return records;
}

}  // namespace

const TaskKind kChartTask = {
    "chart",   "eye chart: acuity of read-outs of frozen features",
    true,      kChartKeys,
    PlanChart, RunChart};

}  // namespace eyechart::suite
