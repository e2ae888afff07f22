#include "reports/comparison.h"

#include <algorithm>
#include <map>
#include <set>

#include "reports/display.h"

namespace eyechart::reports {
namespace {

using Parts = std::map<std::string, std::string>;

// A task's cells while they are gathered.
struct Gathered {
  TaskTable table;
  std::map<std::string, std::size_t> row_of;     // by cell
  std::map<std::string, std::size_t> metric_of;  // by name
  std::vector<Parts> parts;                      // as the rows
};

Parts MetricPartsOf(const Record& record) {
  Parts parts = record.setting;
  parts["encoder"] = record.encoder;
  parts["dataset"] = record.dataset;
  return parts;
}

void AddRecord(Gathered& gathered,
               std::size_t run,
               std::size_t runs,
               const Record& record) {
  TaskTable& table = gathered.table;
  const auto [row_place, is_new] =
      gathered.row_of.emplace(record.cell, table.rows.size());
  if (is_new) {
    table.rows.push_back({record.cell, {}, {}, {}});
    table.rows.back().values.resize(runs);
    table.rows.back().failed.resize(runs);
    gathered.parts.push_back(MetricPartsOf(record));
  }
  TaskTable::Row& row = table.rows[row_place->second];
  if (record.metric.empty()) {
    row.failed[run] = record.status == RecordStatus::kError;
    return;
  }
  const auto [metric_place, is_new_metric] =
      gathered.metric_of.emplace(record.metric, table.metrics.size());
  if (is_new_metric) table.metrics.push_back(record.metric);
  auto& values = row.values[run];
  if (values.size() <= metric_place->second)
    values.resize(metric_place->second + 1);
  values[metric_place->second] = &record;
}

// The value of a part; "" where the cell lacks it.
std::string PartOf(const Parts& parts, const std::string& name) {
  const auto found = parts.find(name);
  return found == parts.end() ? "" : found->second;
}

void ChooseColumns(Gathered& gathered) {
  TaskTable& table = gathered.table;
  std::map<std::string, std::set<std::string>> values;
  for (const Parts& parts : gathered.parts)
    for (const auto& part : parts) values[part.first];
  for (auto& [name, distinct] : values)
    for (const Parts& parts : gathered.parts)
      distinct.insert(PartOf(parts, name));

  const auto place = [&](const std::string& name) {
    const std::set<std::string>& distinct = values.at(name);
    if (distinct.size() > 1 || name == "encoder")
      table.parts.push_back(name);
    else if (!distinct.begin()->empty())
      table.constant.emplace_back(name, *distinct.begin());
  };
  place("encoder");
  place("dataset");
  for (const auto& value : values)
    // Hashes tell rows apart for machines; the records have them.
    if (value.first != "encoder" && value.first != "dataset" &&
        !value.first.ends_with("_sha256"))
      place(value.first);

  std::set<std::vector<std::string>> looks;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    for (const std::string& name : table.parts)
      table.rows[i].parts.push_back(PartOf(gathered.parts[i], name));
    looks.insert(table.rows[i].parts);
  }
  if (looks.size() < table.rows.size()) {
    table.parts.push_back("cell");
    for (TaskTable::Row& row : table.rows) row.parts.push_back(row.cell);
  }
}

}  // namespace

std::vector<TaskTable> MakeTaskTables(std::span<const RunFolder> runs,
                                      bool patterns) {
  std::vector<Gathered> tasks;
  std::map<std::string, std::size_t> task_of;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Record& record : runs[run].records) {
      if (!patterns && record.setting.contains("pattern")) continue;
      const auto [place, is_new] = task_of.emplace(record.task, tasks.size());
      if (is_new) {
        tasks.emplace_back();
        tasks.back().table.task = record.task;
      }
      AddRecord(tasks[place->second], run, runs.size(), record);
    }
  }
  std::vector<TaskTable> tables;
  for (Gathered& gathered : tasks) {
    ChooseColumns(gathered);
    for (TaskTable::Row& row : gathered.table.rows)
      for (auto& values : row.values)
        values.resize(gathered.table.metrics.size());
    tables.push_back(std::move(gathered.table));
  }
  return tables;
}

std::vector<std::size_t> MetricsOf(const TaskTable::Row& row) {
  std::vector<std::size_t> metrics;
  for (std::size_t i = 0; !row.values.empty() && i < row.values[0].size(); ++i)
    if (std::ranges::any_of(row.values,
                            [i](const auto& run) { return run[i] != nullptr; }))
      metrics.push_back(i);
  return metrics;
}

RunSummaryCounts CountRun(const RunFolder& run) {
  struct Cell {
    bool ok = false;
    bool failed = false;
    double seconds = 0;
  };
  RunSummaryCounts counts;
  std::map<std::string, Cell> cells;
  std::map<std::string, double> unreadable;
  std::set<std::string> environments;
  for (const Record& record : run.records) {
    ++counts.records;
    Cell& cell = cells[record.cell];
    cell.ok |= record.status == RecordStatus::kOk;
    cell.failed |= record.status == RecordStatus::kError;
    cell.seconds = std::max(cell.seconds, record.seconds);
    environments.insert(record.environment);
    if (record.metric == "unreadable" && record.value) {
      double& most = unreadable[record.dataset];
      most = std::max(most, *record.value);
    }
    if (record.started.empty()) continue;
    if (counts.first_started.empty() || record.started < counts.first_started)
      counts.first_started = record.started;
    counts.last_started = std::max(counts.last_started, record.started);
  }
  counts.cells = cells.size();
  counts.environments = environments.size();
  for (const auto& entry : cells) {
    const Cell& cell = entry.second;
    ++(cell.failed ? counts.failed : cell.ok ? counts.ok : counts.skipped);
    counts.seconds += cell.seconds;
  }
  if (!unreadable.empty()) counts.unreadable = 0;
  for (const auto& [dataset, most] : unreadable) counts.unreadable += most;
  return counts;
}

std::vector<std::string> RunLabels(std::span<const RunFolder> runs) {
  const auto count = [](const std::vector<std::string>& names,
                        const std::string& name) {
    return std::ranges::count(names, name);
  };
  std::vector<std::string> names;
  for (const RunFolder& run : runs) names.push_back(run.name);
  std::vector<std::string> longer = names;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string parent =
        runs[i].path.lexically_normal().parent_path().filename().string();
    if (count(names, names[i]) > 1 && !parent.empty() && parent != names[i])
      longer[i] = parent + "/" + names[i];
  }
  std::vector<std::string> labels = longer;
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (count(longer, longer[i]) > 1) labels[i] += " #" + std::to_string(i + 1);
  return labels;
}

std::vector<std::pair<std::size_t, const Record*>> FailedRecords(
    std::span<const RunFolder> runs) {
  std::vector<std::pair<std::size_t, const Record*>> failed;
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const Record& record : runs[run].records)
      if (record.status == RecordStatus::kError)
        failed.emplace_back(run, &record);
  return failed;
}

std::vector<std::pair<std::size_t, std::string>> MissingCells(
    std::span<const RunFolder> runs) {
  std::vector<std::set<std::string>> cells(runs.size());
  std::set<std::string> all;
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const Record& record : runs[run].records)
      cells[run].insert(record.cell);
  for (const auto& of_run : cells) all.insert(of_run.begin(), of_run.end());
  std::vector<std::pair<std::size_t, std::string>> missing;
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const std::string& cell : all)
      if (!cells[run].contains(cell)) missing.emplace_back(run, cell);
  return missing;
}

std::vector<CellNote> NotesOf(std::span<const RunFolder> runs) {
  std::vector<CellNote> notes;
  std::map<std::string, std::size_t> places;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Record& record : runs[run].records) {
      if (record.status == RecordStatus::kError || record.message.empty())
        continue;
      const auto [place, is_new] = places.emplace(record.message, notes.size());
      if (is_new) notes.push_back({record.message, {}});
      auto& cells = notes[place->second].cells;
      // A cell's records stand together: the last entry is enough to compare.
      if (const std::pair cell(run, record.cell);
          cells.empty() || cells.back() != cell)
        cells.push_back(cell);
    }
  }
  return notes;
}

std::string Plural(std::size_t count, const std::string& noun) {
  return FormatNumber(static_cast<double>(count)) + " " + noun +
         (count == 1 ? "" : "s");
}

}  // namespace eyechart::reports
