#include "benchmarks/load/sample_table.h"

#include <fmt/format.h>

#include <iterator>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"

namespace eyechart::benchmarks {

std::vector<std::int64_t> SampleTable::LatenciesNs() const {
  std::vector<std::int64_t> latencies;
  latencies.reserve(rows.size());
  for (const QueryRow& row : rows) latencies.push_back(row.latency_ns);
  return latencies;
}

std::string SamplesCsv(const std::vector<const SampleTable*>& tables) {
  EYECHART_CHECK(!tables.empty(), "no tables");
  std::vector<std::string> header = {
      "query", "seed", "pair", "scheduled_ns", "started_ns", "latency_ns"};
  for (const std::string& stage : tables.front()->stages)
    header.push_back(stage + "_ns");
  std::string csv = CsvLine(header);
  auto out = std::back_inserter(csv);
  for (const SampleTable* table : tables) {
    EYECHART_CHECK(table->stages == tables.front()->stages,
                   "tables of other stages");
    for (const QueryRow& row : table->rows) {
      fmt::format_to(out, "{},{},", row.query, table->seed);
      if (row.pair >= 0) fmt::format_to(out, "{}", row.pair);
      fmt::format_to(out, ",{},{},{}", row.scheduled_ns, row.started_ns,
                     row.latency_ns);
      for (std::size_t i = 0; i < table->stages.size(); ++i)
        fmt::format_to(out, ",{}", row.stages[i]);
      csv += '\n';
    }
  }
  return csv;
}

void WriteSamples(const std::filesystem::path& path, const SampleTable& table) {
  WriteFileAtomic(path, SamplesCsv({&table}));
}

}  // namespace eyechart::benchmarks
