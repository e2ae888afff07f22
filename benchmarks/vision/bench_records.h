// Load results as records.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/vision/measure.h"
#include "core/record.h"

namespace eyechart::benchmarks {

/// Latencies (the median first), throughput, memory, the peak rate where it was
/// searched, and the median time a stage. `base` has what the caller knows.
/// What the sample is too small for is a record without a value, skipped, with
/// the reason. A result that is not valid says so in every message.
std::vector<Record> BenchRecords(const Measured& measured, const Record& base);

/// The metric that a stage's median time stands in, such as "stage_to_device";
/// empty for a stage that has none.
std::string StageMetric(std::string_view stage);

}  // namespace eyechart::benchmarks
