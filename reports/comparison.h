// Runs laid side by side: what every format for people shows.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// One task's cells, with only those of their parts as columns that vary.
struct TaskTable {
  struct Row {
    std::string cell;
    std::vector<std::string> parts;  // as TaskTable::parts
    /// [run][metric]; null where that run has no such record.
    std::vector<std::vector<const Record*>> values;
    std::vector<bool> failed;  // [run]: the whole cell ended in an error
  };
  std::string task;
  /// encoder, then dataset and settings where they vary, then the cell itself
  /// where rows would look alike without it.
  std::vector<std::string> parts;
  /// The others with their one value, the empty ones left out.
  std::vector<std::pair<std::string, std::string>> constant;
  std::vector<std::string> metrics;  // in the order of their first mention
  std::vector<Row> rows;
};

/// One table a task, tasks and cells in the order of their first mention. The
/// tables point into `runs`.
/// Without `patterns`, records of one pattern (a setting) are left out, where
/// they stand elsewhere (patterns.h).
std::vector<TaskTable> MakeTaskTables(std::span<const RunFolder> runs,
                                      bool patterns = true);

/// The metrics (indices into `metrics`) that some run has of the cell.
std::vector<std::size_t> MetricsOf(const TaskTable::Row& row);

/// Counts of one run, for its summary line.
struct RunSummaryCounts {
  std::size_t records = 0;
  std::size_t cells = 0;
  std::size_t ok = 0;       // cells with a result and without an error
  std::size_t failed = 0;   // cells with an error record
  std::size_t skipped = 0;  // cells with neither
  /// Pictures that could not be decoded: the most that any cell of a data set
  /// says, summed over the data sets; negative where no cell counts them.
  double unreadable = -1;
  std::string first_started;  // RFC 3339; the earliest and the latest start
  std::string last_started;
  double seconds = 0;            // summed over cells
  std::size_t environments = 0;  // distinct hashes
};

RunSummaryCounts CountRun(const RunFolder& run);

/// A name a run that tells the runs apart: the folder's, with its parent's
/// before it or a number after it where two are equal.
std::vector<std::string> RunLabels(std::span<const RunFolder> runs);

/// The error records of all runs with the run's index, in order.
std::vector<std::pair<std::size_t, const Record*>> FailedRecords(
    std::span<const RunFolder> runs);

/// Cells that some run has and another lacks: (run's index, cell).
std::vector<std::pair<std::size_t, std::string>> MissingCells(
    std::span<const RunFolder> runs);

/// A message that records carry beside their value, and their cells.
struct CellNote {
  std::string message;
  std::vector<std::pair<std::size_t, std::string>> cells;  // (run, cell)
};

/// The messages of all records that are no errors, each once, in order.
std::vector<CellNote> NotesOf(std::span<const RunFolder> runs);

/// "3 cells", "1 cell".
std::string Plural(std::size_t count, const std::string& noun);

}  // namespace eyechart::reports
