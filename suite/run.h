// `eyechart run`: every cell of a suite into a run folder, resumable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "suite/suite_spec.h"
#include "suite/task.h"

namespace eyechart::suite {

struct RunOptions {
  std::filesystem::path out;
  std::string filter = "*";      // glob over cell ids
  std::int64_t shard_index = 1;  // cells I of N by their order: I, I + N, ...
  std::int64_t shard_count = 1;
  bool fresh = false;   // forget what a former run left
  std::string device;   // overrides the encoders' where not empty
  Json environment;     // what environment.json is to hold
  std::string command;  // what repeats the run, for reports
  /// Called once, when the folder is there and no cell has begun.
  std::function<void()> on_open;
  /// Takes each cell's records once they stand in the folder, those of a former
  /// run too.
  std::function<void(std::span<const Record>)> on_records;
};

struct RunSummary {
  std::int64_t cells = 0;           // selected by filter and shard
  std::int64_t done = 0;            // were complete already
  std::int64_t ok = 0;              // completed now
  std::vector<std::string> failed;  // cell ids; their records say why
};

/// The cells of a suite in order, with their ids. Throws InputError.
std::vector<Cell> PlanCells(const SuiteSpec& suite);

/// Runs the selected cells. A cell that throws becomes an error record and the
/// run goes on; cells with a complete set of records from a former run of the
/// same suite are left as they are. Throws InputError where the folder holds a
/// run of another suite or weights have changed since, Interrupted on a signal.
RunSummary RunSuite(SuiteSpec suite,
                    const RunOptions& options,
                    Progress& progress);

}  // namespace eyechart::suite
