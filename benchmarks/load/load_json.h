// Results as JSON, with the keys of `eyechart bench --json`.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/load/cache_audit.h"
#include "benchmarks/load/pairs.h"
#include "benchmarks/load/peak.h"
#include "benchmarks/load/scenario.h"
#include "core/json.h"

namespace eyechart::benchmarks {

/// What the result itself does not know.
struct BenchSetting {
  std::string dtype;   // "fp32", ...; "" is null
  std::string device;  // "cpu", "cuda:0"; "" is null
};

/// scenario, dtype, device, batch, n, latency_ns{min, median, p90, p95, p99,
/// max}, throughput, stages{name: {median_ns, share}}, peak_memory_bytes,
/// valid, reasons[]; besides advice[] (in the order of the reasons), warnings[]
/// (with why a percentile is null), intervals, and how it was measured.
Json LoadJson(const LoadResult& result, const BenchSetting& setting);

/// {value, low, high, level, method} or null ends with a reason.
Json EstimateJson(const Estimate& estimate);
/// valid, reasons[], advice[] (in the order of the reasons) and warnings[].
Json FindingsJson(const std::vector<Finding>& findings);
Json PeakJson(const PeakResult& result);
Json PairJson(const PairResult& result);
Json AuditJson(const AuditResult& result);

}  // namespace eyechart::benchmarks
