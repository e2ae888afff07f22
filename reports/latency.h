// Where the time of an answer goes: latencies and stages of `bench` cells.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/record.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

struct StageTime {
  std::string name;      // "to device"
  double median_ms = 0;  // a query
  double share = 0;      // of the sum of the medians, the rest's included
};

/// What a benchmark took of memory at its peak, bytes; none: no record has it.
struct PeakMemory {
  std::optional<double> process;  // resident, model and pictures included
  std::optional<double> device;   // tensors on the GPU
};

/// By cell, of those of task `bench` that have either.
std::map<std::string, PeakMemory> PeakMemories(const RunFolder& run);

/// In MiB, "812.3" or "812.3, GPU 1 204"; empty where neither is known.
std::string MemoryText(const PeakMemory& memory);

/// Why the result that `record` is of is not valid; empty: it is.
std::string InvalidReason(const Record& record);

/// One cell of task `bench`. Pointers are into the runs; null where there is no
/// such record.
struct LatencyRow {
  std::size_t run = 0;
  std::string encoder;
  std::string of;  // data set and settings that are no default
  const Record* median = nullptr;
  const Record* p90 = nullptr;
  const Record* p95 = nullptr;
  const Record* p99 = nullptr;
  const Record* throughput = nullptr;
  std::vector<StageTime> stages;  // in the order of the query
  // What of a query is in no stage; none where it is less than a thousandth,
  // where stages overlap, and in runs of before it was recorded.
  std::optional<StageTime> rest;
  // What the stages' medians are in sum above the latency's, of that sum; 0:
  // less than a thousandth.
  double overlap = 0;
  PeakMemory memory;
  // Time of a picture that was asked for again over that of the first time:
  // with others in between, and right after itself.
  const Record* cache_again = nullptr;
  const Record* cache_right_after = nullptr;
  std::string invalid;  // why it is not valid; empty: it is
};

/// The stage with the largest share, "to device"; empty without stages.
std::string BindingStage(const LatencyRow& row);

/// "decode 12.00%, encode 80.00%, rest 8.000%", with `binds` " (binds)" behind
/// the one that does, "; stages overlap by 2.500%" where they do; empty without
/// stages.
std::string StageShares(const LatencyRow& row, bool binds);

/// "asked again: 0.9800 [0.9600, 1.010] of the first time; right after: ..."; a
/// dash and the reason where one was not to be had, "; not valid: ..." behind.
/// Empty without an audit.
std::string CacheText(const LatencyRow& row);

/// Whether a row has anything to say of memory.
bool AnyMemory(std::span<const LatencyRow> rows);

/// A row a cell that has a `latency_median`, in the runs' order.
std::vector<LatencyRow> MakeLatencyRows(std::span<const RunFolder> runs);

/// The Markdown section, empty without a row; `labels` by run.
std::string LatencyMarkdown(std::span<const RunFolder> runs,
                            const std::vector<std::string>& labels);

}  // namespace eyechart::reports
