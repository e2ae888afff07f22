// Google Benchmark's JSON (--benchmark_out_format=json, releases 1.5 to 1.9) as
// a run: the times of a micro benchmark in the records that the report, the
// history and the gate read.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "reports/import/importer.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// A run and its raw times.
struct GoogleBenchmarkRun {
  RunFolder run;
  /// The text of samples/<CellSlug(cell)>.csv by cell, where the file has
  /// repetitions: query (the repetition), latency_ns (the mean time of a call
  /// in it) and iterations.
  std::map<std::string, std::string> samples;
};

/// Every benchmark is two cells, -/micro/NAME/... and the same with time=cpu:
/// NAME is what stands before the first slash of its run_name, the rest is the
/// setting `args`. The value is call_time_median in ns:
/// - of the repetitions where they are in the file, with the interval of order
///   statistics (6 are the fewest for 95 %);
/// - else the median among the aggregates, without an interval.
/// A benchmark that failed is a failed cell, one that was skipped a skipped
/// one. Counters, BigO and RMS are left out.
///
/// environment.json: what the context says of the machine and of the library's
/// build, and the keys that were added to it, texts as they are. Left out is
/// what names a person, a host or a folder (host_name, executable), and what
/// changes between two runs on one machine (date, which becomes `started`;
/// load_avg; mhz_per_cpu).
///
/// Throws InputError naming file and key: of what is no such file, units of
/// time that are not known, two benchmarks of one name, and aggregates without
/// a median.
GoogleBenchmarkRun ReadGoogleBenchmark(const std::filesystem::path& file);

/// Writes environment.json, samples/ and records.jsonl, the last one last, for
/// `eyechart report`, `history` and `gate`. Throws InputError where the folder
/// holds records already or cannot be written.
void WriteImportedRun(const GoogleBenchmarkRun& imported,
                      const std::filesystem::path& folder);

/// Whether this is the text of such a file.
bool IsGoogleBenchmark(std::string_view text);

/// The same records as a table to read beside others.
std::unique_ptr<Importer> MakeGoogleBenchmarkImporter();

}  // namespace eyechart::reports
