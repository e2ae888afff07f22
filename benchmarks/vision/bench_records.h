// Load results as records.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/vision/measure.h"
#include "core/json.h"
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

/// What a latency to boxes depends on besides the detector, for a record's
/// `setting`: min_score, before_nms, max_boxes and, of a head that needs
/// suppression, nms_iou, each also where it is the default. `description` is
/// what EncoderBench or ExportedBench says of itself; empty without a detector.
std::map<std::string, std::string> ThresholdSetting(const Json& description);

}  // namespace eyechart::benchmarks
