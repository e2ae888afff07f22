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
  std::vector<NumberedSamples> numbered;
  for (const SampleTable* table : tables) numbered.push_back({0, table});
  return NumberedSamplesCsv("", numbered);
}

std::string NumberedSamplesCsv(std::string_view column,
                               const std::vector<NumberedSamples>& tables) {
  EYECHART_CHECK(!tables.empty(), "no tables");
  std::vector<std::string> header;
  if (!column.empty()) header.emplace_back(column);
  for (const char* name :
       {"query", "seed", "pair", "scheduled_ns", "started_ns", "latency_ns"})
    header.emplace_back(name);
  const std::vector<std::string>& stages = tables.front().table->stages;
  for (const std::string& stage : stages) header.push_back(stage + "_ns");
  std::string csv = CsvLine(header);
  auto out = std::back_inserter(csv);
  for (const auto& [number, table] : tables) {
    EYECHART_CHECK(table->stages == stages, "tables of other stages");
    for (const QueryRow& row : table->rows) {
      if (!column.empty()) fmt::format_to(out, "{},", number);
      fmt::format_to(out, "{},{},", row.query, table->seed);
      if (row.pair >= 0) fmt::format_to(out, "{}", row.pair);
      fmt::format_to(out, ",{},{},{}", row.scheduled_ns, row.started_ns,
                     row.latency_ns);
      for (std::size_t i = 0; i < stages.size(); ++i)
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
