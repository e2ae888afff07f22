#include "reports/gate/run_checks.h"

#include <fstream>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/record.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

bool EndsInLineFeed(const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in || in.tellg() == std::streampos(0)) return true;
  in.seekg(-1, std::ios::end);
  return in.get() == '\n';
}

}  // namespace

std::vector<std::string> CheckRecords(const fs::path& run) {
  const fs::path file = run / "records.jsonl";
  std::vector<std::string> warnings;
  if (!EndsInLineFeed(file))
    warnings.push_back(fmt::format(
        "{}: the last line is cut short and left out", file.string()));
  const std::vector<Record> records = ReadRecords(file);
  std::map<std::pair<std::string, std::string>, int> results;
  std::size_t backwards = 0;
  std::string first_backwards;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    if (record.status == RecordStatus::kOk)
      ++results[{record.cell, record.metric}];
    // RFC 3339 in UTC sorts as text.
    if (i == 0 || record.started.empty() ||
        record.started >= records[i - 1].started)
      continue;
    if (backwards++ == 0)
      first_backwards =
          fmt::format("line {} starts at {}, the one before it at {}", i + 1,
                      record.started, records[i - 1].started);
  }
  std::size_t repeated = 0;
  std::string first_repeated;
  for (const auto& [key, count] : results) {
    if (count < 2) continue;
    if (repeated++ == 0)
      first_repeated =
          fmt::format("{} {} has {} results", key.first, key.second, count);
  }
  if (repeated > 0)
    warnings.push_back(
        fmt::format("{}: duplicate cells ({}): {}; the last one "
                    "counts",
                    file.string(), repeated, first_repeated));
  if (backwards > 0)
    warnings.push_back(
        fmt::format("{}: start times go backwards ({} times): "
                    "{}; was the clock set, or two runs merged?",
                    file.string(), backwards, first_backwards));
  return warnings;
}

}  // namespace eyechart::reports
