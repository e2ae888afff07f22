// A cell's raw latencies and its items' outcomes, summed up for people.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eyechart::reports {

/// One bar of a histogram: values in [low, high).
struct Bin {
  double low = 0;
  double high = 0;
  std::int64_t count = 0;
};

/// samples/<cell>.csv, in nanoseconds.
struct SampleSummary {
  std::int64_t count = 0;
  std::int64_t pairs = 0;  // interleaved with another build; 0: not
  double min = 0;
  double median = 0;
  double mean = 0;
  double max = 0;
  /// Nearest rank; p99 only of 662 samples on, p95 of 130, p90 of 64: fewer say
  /// too little of a tail (measured at 99 % confidence, as MLPerf does).
  std::vector<std::pair<std::string, double>> quantiles;
  /// Twelve bars from the least to the 99th percentile, the last one holds what
  /// lies above.
  std::vector<Bin> histogram;
  /// Median of each stage column (STAGE_ns), by stage.
  std::map<std::string, double> stages;
};

/// outcomes/<cell>.csv.
struct OutcomeSummary {
  std::int64_t items = 0;
  std::int64_t judged = 0;            // that are right or wrong
  std::optional<std::int64_t> right;  // none where no item is
  /// The truths with the most wrong items, worst first, at most 5: truth,
  /// wrong, all.
  struct Truth {
    std::string truth;
    std::int64_t wrong = 0;
    std::int64_t items = 0;
  };
  std::vector<Truth> worst;
};

/// Items that one of two runs alone got right.
struct FlippedItems {
  std::int64_t common = 0;          // ids that both runs have
  std::int64_t only_baseline = 0;   // right in the baseline alone
  std::int64_t only_candidate = 0;  // right in the run alone
  std::vector<std::string> lost;    // ids of the former, at most 5
};

/// None where the run has no such file, or one without the columns. Throws
/// InputError where it cannot be read.
std::optional<SampleSummary> SummarizeSamples(const std::filesystem::path& run,
                                              const std::string& cell);
std::optional<OutcomeSummary> SummarizeOutcomes(
    const std::filesystem::path& run, const std::string& cell);
std::optional<FlippedItems> CompareOutcomes(
    const std::filesystem::path& baseline,
    const std::string& baseline_cell,
    const std::filesystem::path& run,
    const std::string& cell);

}  // namespace eyechart::reports
