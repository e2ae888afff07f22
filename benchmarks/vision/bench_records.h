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

/// The ratios of a cache audit, cache_again_ratio and cache_right_after_ratio;
/// n is the number of blocks. What the machine did meanwhile makes the message
/// "not valid: ...", as there.
std::vector<Record> AuditRecords(const MeasuredAudit& measured,
                                 const Record& base);

/// What a latency to boxes depends on besides the detector's name, for a
/// record's `setting`: min_score, before_nms, max_boxes and, of a head that
/// needs suppression, nms_iou, nms, nms_classes and, of soft-gaussian,
/// nms_sigma, each also where it is the default; and
/// detector_sha256, the SHA-256 of a head's weights on an encoder (an exported
/// detector's are the record's weights_sha256). No part of a cell's name: the
/// gate finds the cell of a head that was trained again. `description` is
/// what EncoderBench or ExportedBench says of itself; empty without a detector.
std::map<std::string, std::string> ThresholdSetting(const Json& description);

}  // namespace eyechart::benchmarks
