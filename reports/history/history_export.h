// The history out of its file again, as CSV or JSON lines.
#pragma once

#include <cstddef>
#include <string>

#include "reports/history/history_store.h"

namespace eyechart::reports {

struct HistoryExportOptions {
  std::string cell = "*";  // globs
  std::string metric = "*";
  std::size_t last = 0;  // runs, the newest; 0: all
};

/// Records with all their fields, run by run, oldest first.
/// "jsonl": as records.jsonl has them: a file that ReadRecords reads back.
/// "csv": as `report -o x.csv`, after history_id, history_name, history_added,
/// history_commit, history_build and history_note of the run.
/// Throws InputError for another format.
std::string ExportHistory(const HistoryStore& store,
                          const std::string& format,
                          const HistoryExportOptions& options = {});

}  // namespace eyechart::reports
