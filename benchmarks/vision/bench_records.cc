#include "benchmarks/vision/bench_records.h"

#include <algorithm>
#include <cstdint>

#include "core/metrics.h"
#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

constexpr double kNsPerMs = 1e6;

// Why the result is not valid; empty where it is.
std::string Invalidity(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings)
    if (finding.fatal)
      text += (text.empty() ? "not valid: " : "; ") + finding.reason;
  return text;
}

void Say(Record& record, const std::string& message) {
  if (message.empty()) return;
  record.message += (record.message.empty() ? "" : "; ") + message;
}

Record RecordOf(const Record& base,
                std::string_view metric,
                const Estimate& estimate,
                double unit,
                std::int64_t n,
                const std::string& invalid) {
  Record record = base;
  record.n = n;
  SetMetric(record, metric, estimate.value.value_or(0) / unit);
  if (!estimate.value.has_value()) {
    record.value.reset();
    record.status = RecordStatus::kSkipped;
    record.message = base.message;
    Say(record, estimate.reason);
  } else if (estimate.ci.has_value()) {
    record.ci = estimate.ci;
    record.ci->low /= unit;
    record.ci->high /= unit;
  }
  Say(record, invalid);
  return record;
}

}  // namespace

std::string StageMetric(std::string_view stage) {
  std::string name = "stage_" + std::string(stage);
  std::replace(name.begin(), name.end(), '-', '_');
  const auto metrics = Metrics();
  return std::any_of(
             metrics.begin(), metrics.end(),
             [&name](const Metric& metric) { return metric.name == name; })
             ? name
             : std::string();
}

std::map<std::string, std::string> ThresholdSetting(const Json& description) {
  std::map<std::string, std::string> setting;
  const auto found = description.find("detector");
  if (found == description.end() || !found->is_object()) return setting;
  const Json& detector = *found;
  setting["min_score"] = FormatDouble(detector.at("min_score").get<double>());
  for (const char* key : {"before_nms", "max_boxes"})
    setting[key] = std::to_string(detector.at(key).get<std::int64_t>());
  if (detector.at("nms").get<bool>()) {
    setting["nms_iou"] = FormatDouble(detector.at("nms_iou").get<double>());
    const Json& nms = detector.at("suppression");
    setting["nms"] = nms.at("semantics").get<std::string>();
    setting["nms_classes"] = nms.at("classes").get<std::string>();
    if (nms.contains("sigma"))
      setting["nms_sigma"] = FormatDouble(nms.at("sigma").get<double>());
  }
  if (detector.contains("sha256"))
    setting["detector_sha256"] = detector.at("sha256").get<std::string>();
  return setting;
}

std::vector<Record> BenchRecords(const Measured& measured, const Record& base) {
  const LoadResult& load = measured.load;
  const std::string invalid = Invalidity(load.findings);
  std::vector<Record> records;
  const auto add = [&](std::string_view metric, const Estimate& estimate,
                       double unit) {
    records.push_back(
        RecordOf(base, metric, estimate, unit, load.latency.n, invalid));
  };
  const auto add_value = [&](std::string_view metric, double value) {
    Estimate estimate;
    estimate.value = value;
    add(metric, estimate, 1);
  };
  add("latency_median", load.latency.median, kNsPerMs);
  add("latency_p90", load.latency.p90, kNsPerMs);
  add("latency_p95", load.latency.p95, kNsPerMs);
  add("latency_p99", load.latency.p99, kNsPerMs);
  add("latency_min", load.latency.min, kNsPerMs);
  add("latency_max", load.latency.max, kNsPerMs);
  add_value("load_throughput", load.throughput);
  if (measured.peak.has_value()) {
    Estimate rate;
    rate.value = measured.peak->rate;
    rate.reason = measured.peak->reason;
    add("peak_rate", rate, 1);
  }
  if (load.peak_memory_bytes.has_value())
    add_value("peak_memory", static_cast<double>(*load.peak_memory_bytes));
  if (measured.device_peak_bytes.has_value())
    add_value("device_peak_memory",
              static_cast<double>(*measured.device_peak_bytes));
  for (const StageShare& stage : load.stages.stages)
    if (const std::string metric = StageMetric(stage.name); !metric.empty())
      add(metric, stage.median_ns, kNsPerMs);
  if (!load.stages.stages.empty())
    add_value("stage_rest", load.stages.unexplained_median_ns / kNsPerMs);
  return records;
}

std::vector<Record> AuditRecords(const MeasuredAudit& measured,
                                 const Record& base) {
  const AuditResult& audit = measured.audit;
  const std::string invalid = Invalidity(measured.findings);
  return {RecordOf(base, "cache_again_ratio", audit.again_to_first, 1,
                   audit.new_blocks, invalid),
          RecordOf(base, "cache_right_after_ratio", audit.repeat_to_first, 1,
                   audit.new_blocks, invalid)};
}

}  // namespace eyechart::benchmarks
