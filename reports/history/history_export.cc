#include "reports/history/history_export.h"

#include <algorithm>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"
#include "reports/exporter.h"

namespace eyechart::reports {
namespace {

// The report's CSV with the run's own columns before it.
std::string WithRunColumns(const std::string& csv,
                           const HistoryRun& run,
                           bool header) {
  const CsvTable table = CsvTable::Parse(csv, "export");
  std::string text;
  if (header) {
    std::vector<std::string> names = {"history_id",    "history_name",
                                      "history_added", "history_commit",
                                      "history_build", "history_note"};
    names.insert(names.end(), table.header().begin(), table.header().end());
    text += CsvLine(names);
  }
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::vector<std::string> fields = {run.Id(),   run.name,  run.added,
                                       run.commit, run.build, run.note};
    for (std::size_t i = 0; i < table.header().size(); ++i)
      fields.push_back(table.at(row, i));
    text += CsvLine(fields);
  }
  return text;
}

}  // namespace

std::string ExportHistory(const HistoryStore& store,
                          const std::string& format,
                          const HistoryExportOptions& options) {
  EYECHART_REQUIRE(format == "csv" || format == "jsonl",
                   "a history is exported as csv or jsonl, not as {}", format);
  const auto exporter = Exporter::Create(format);
  std::vector<HistoryRun> runs = store.Runs();
  if (options.last > 0 && runs.size() > options.last)
    runs.erase(runs.begin(),
               runs.end() - static_cast<std::ptrdiff_t>(options.last));
  std::string text;
  bool header = true;
  for (const HistoryRun& run : runs) {
    std::vector<RunFolder> one(1);
    one[0].records = store.Records(run);
    std::erase_if(one[0].records, [&](const Record& record) {
      return !GlobMatch(options.cell, record.cell) ||
             !GlobMatch(options.metric, record.metric);
    });
    const std::string part = exporter->Export(one);
    text += format == "csv" ? WithRunColumns(part, run, header) : part;
    header = false;
  }
  return text;
}

}  // namespace eyechart::reports
