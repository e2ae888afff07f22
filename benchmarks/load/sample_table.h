// The raw latencies of a run: one row a query.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/load/stage_recorder.h"

namespace eyechart::benchmarks {

/// Times are from the start of the run.
struct QueryRow {
  std::int64_t query = 0;
  std::int64_t scheduled_ns = 0;  // when it was due
  std::int64_t started_ns = 0;    // when the device got it
  // From `scheduled_ns` (server) or `started_ns` (elsewhere) to the answer.
  std::int64_t latency_ns = 0;
  std::int64_t pair = -1;  // the block of an interleaved comparison
  int lane = 0;
  StageTimes stages{};

  /// Waited for a free lane; 0 outside server scenarios.
  std::int64_t queue_ns() const { return started_ns - scheduled_ns; }
};

struct SampleTable {
  std::vector<std::string> stages;  // names, in the order of QueryRow::stages
  std::uint64_t seed = 0;
  std::vector<QueryRow> rows;  // by query

  std::vector<std::int64_t> LatenciesNs() const;
};

/// CSV: query,seed,pair,scheduled_ns,started_ns,latency_ns and a column
/// STAGE_ns a stage; `pair` is empty where there is none. Further tables (other
/// seeds) follow in the same columns. Throws std::logic_error where tables
/// differ in their stages.
std::string SamplesCsv(const std::vector<const SampleTable*>& tables);

/// One of several tables of a file.
struct NumberedSamples {
  std::int64_t number = 0;
  const SampleTable* table = nullptr;
};

/// The same with a column `column` before them, which has the table's number.
std::string NumberedSamplesCsv(std::string_view column,
                               const std::vector<NumberedSamples>& tables);

/// SamplesCsv into a file, whole or not at all. Throws InputError if it cannot
/// be written.
void WriteSamples(const std::filesystem::path& path, const SampleTable& table);

}  // namespace eyechart::benchmarks
