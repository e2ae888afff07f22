#include "suite/run.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <string_view>
#include <utility>

#include "benchmarks/environment.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/interval_methods.h"
#include "core/text.h"
#include "encoders/checkpoint.h"
#include "probes/detection/transfer/exported_detector.h"
#include "suite/exported_cells.h"
#include "suite/run_log.h"
#include "suite/shared_trainings.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

std::vector<Cell> Select(const std::vector<Cell>& cells,
                         const RunOptions& options) {
  std::vector<Cell> selected;
  std::int64_t matching = 0;
  for (const Cell& cell : cells) {
    if (!GlobMatch(options.filter, cell.id)) continue;
    if (matching++ % options.shard_count == options.shard_index - 1)
      selected.push_back(cell);
  }
  EYECHART_REQUIRE(matching > 0,
                   "--filter \"{}\" matches none of the suite's {} cells; the "
                   "first is {}",
                   options.filter, cells.size(), cells.front().id);
  return selected;
}

// Weights of each encoder as they are now, "+" between near and far.
std::string WeightsNow(const Cell& cell,
                       std::map<std::string, std::string>& known) {
  std::string joined;
  for (const EncoderSpec* encoder : cell.encoders) {
    // A program has none to know; another command is another suite.
    if (!encoder->command.empty()) continue;
    const std::string& model = encoder->model.model;
    if (!known.contains(model))
      known[model] =
          encoder->exported_detector
              ? detection::ExportedSha256(model)
              : encoders::WeightsSha256(encoders::OpenCheckpoint(model));
    joined += (joined.empty() ? "" : "+") + known[model];
  }
  return joined;
}

Record ErrorRecord(const std::string& message) {
  Record record;
  record.status = RecordStatus::kError;
  record.message = message;
  return record;
}

// Options that a message names become the task's keys: "--near-min" stands in a
// suite as near_min. Names that are no key of the task stay as they are.
std::string InKeys(const std::string& message, const TaskKind& kind) {
  constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::string text;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t begin = message.find("--", at);
    if (begin == std::string::npos) return text + message.substr(at);
    const std::size_t end =
        std::min(message.find_first_not_of(kOfNames, begin), message.size());
    std::string key = message.substr(begin + 2, end - begin - 2);
    std::replace(key.begin(), key.end(), '-', '_');
    const bool known =
        std::any_of(kind.keys.begin(), kind.keys.end(),
                    [&key](const TaskKey& one) { return one.name == key; });
    text += message.substr(at, begin - at);
    text += known ? key : message.substr(begin, end - begin);
    at = end;
  }
  return text;
}

// The cells of a task. What is wrong with it is told with its place.
std::vector<Cell> PlanTask(const SuiteSpec& suite, const TaskSpec& task) {
  const TaskKind& kind = FindTaskKind(task.kind, "suite");
  try {
    return kind.plan(suite, task);
  } catch (const InputError& error) {
    const std::string message = error.what();
    if (message.starts_with(suite.file.string() + ":")) throw;
    ThrowInput("{}: {}", WhereOf(task), InKeys(message, kind));
  }
}

std::vector<Record> RunCell(const Cell& cell, TaskContext& context) {
  try {
    std::vector<Record> records =
        FindTaskKind(cell.task->kind, "suite").run(cell, context);
    for (const Record& record : records)
      if (record.ci && FindIntervalMethod(record.ci->method) == nullptr)
        context.progress.Warn(fmt::format(
            "{}: the methods page has no text on the interval \"{}\" (a defect "
            "of eyechart)",
            cell.id, record.ci->method));
    return records;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    return {ErrorRecord(error.what())};
  }
}

}  // namespace

std::vector<Cell> PlanCells(const SuiteSpec& suite) {
  std::vector<Cell> cells;
  std::map<std::string, int> lines;  // of the tasks that made a cell
  for (const TaskSpec& task : suite.tasks) {
    for (Cell& cell : PlanTask(suite, task)) {
      cell.task = &task;
      cell.id = cell.encoder + "/" + task.kind + "/" + cell.dataset->name +
                "/" + SettingText(cell.setting);
      const auto [first, added] = lines.emplace(cell.id, task.line);
      // Points of a grid that differ in keys of heads are one cell of a
      // detector that has its own, and of a program.
      if (!added && first->second == task.line && TakesNoHead(cell)) continue;
      EYECHART_REQUIRE(added,
                       "{}:{}: [[task]]: cell {} is there already; two tasks "
                       "ask for the same",
                       suite.file.string(), task.line, cell.id);
      cells.push_back(std::move(cell));
    }
  }
  return cells;
}

RunSummary RunSuite(SuiteSpec suite,
                    const RunOptions& options,
                    Progress& progress) {
  if (!options.device.empty()) {
    for (EncoderSpec& encoder : suite.encoders)
      encoder.model.device = options.device;
  }
  const std::vector<Cell> planned = PlanCells(suite);
  const std::vector<Cell> cells = Select(planned, options);
  const std::string environment =
      benchmarks::EnvironmentHash(options.environment);
  RunLog log(options.out, suite.text, options.environment, environment,
             options.command, options.fresh);
  if (options.on_open) options.on_open();
  FeatureCache features(log.FeaturesFolder(), progress);
  const SharedTrainings trainings(
      planned, log.FeaturesFolder().replace_filename("trainings"),
      options.out / "records.jsonl");
  std::map<std::string, std::string> weights;

  RunSummary summary;
  summary.cells = static_cast<std::int64_t>(cells.size());
  for (const Cell& cell : cells) {
    ThrowIfInterrupted();
    const auto known = log.done().find(cell.id);
    if (known != log.done().end()) {
      EYECHART_REQUIRE(
          WeightsNow(cell, weights) == known->second.front().weights_sha256,
          "{}: cell {} was measured with other weights than the checkpoint has "
          "now; give --fresh, or another --out",
          options.out.string(), cell.id);
      if (options.on_records) options.on_records(known->second);
      trainings.Release(cell);
      ++summary.done;
      continue;
    }
    TaskContext context{features, log.Artifacts(cell.id), log.Outcomes(cell.id),
                        progress, trainings.FolderOf(cell)};
    const std::string started = UtcNow();
    const auto start = std::chrono::steady_clock::now();
    std::vector<Record> records = RunCell(cell, context);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    const bool failed = records.front().status == RecordStatus::kError;
    for (Record& record : records) {
      record.run = log.run();
      if (record.cell.empty()) record.cell = cell.id;
      record.encoder = cell.encoder;
      record.task = cell.task->kind;
      record.dataset = cell.dataset->name;
      record.setting.insert(cell.setting.begin(), cell.setting.end());
      record.environment = environment;
      record.started = started;
      // Parts that stand in cells of their own took no time beside it.
      record.seconds = record.cell == cell.id ? seconds : 0;
    }
    log.Append(records);
    trainings.Release(cell);
    if (options.on_records) options.on_records(records);
    if (failed) {
      summary.failed.push_back(cell.id);
      progress.Warn(cell.id + ": " + records.front().message);
    } else {
      ++summary.ok;
    }
  }
  return summary;
}

}  // namespace eyechart::suite
