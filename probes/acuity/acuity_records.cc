#include "probes/acuity/acuity_records.h"

#include <fmt/format.h>

#include <string>

namespace eyechart::probes {
namespace {

constexpr const char* kBootstrap = "bootstrap over groups";

// Why a threshold or an end of its interval is no number; "" where all are.
std::string Reason(const Acuity& acuity) {
  const double easiest = acuity.points.front().strength;
  const double hardest = acuity.points.back().strength;
  const std::string& unit = acuity.chart->unit;
  const Threshold& threshold = acuity.fit.threshold;
  if (threshold.place == ThresholdPlace::kAboveAll)
    return fmt::format(
        "above {:g} {}, the easiest shown: not right 75 % of the "
        "time anywhere",
        easiest, unit);
  if (threshold.place == ThresholdPlace::kBelowAll)
    return fmt::format(
        "below {:g} {}, the hardest shown: right 75 % of the "
        "time everywhere",
        hardest, unit);
  std::string reason;
  if (!threshold.low)
    reason = fmt::format(
        "the interval reaches below {:g} {}, the hardest shown", hardest, unit);
  if (!threshold.high)
    reason += fmt::format(
        "{}the interval reaches above {:g} {}, the easiest "
        "shown",
        reason.empty() ? "" : "; ", easiest, unit);
  return reason;
}

void AddThreshold(std::vector<Record>& records,
                  const Record& base,
                  std::string_view metric,
                  const Acuity& acuity,
                  double unit_size) {
  const Threshold& threshold = acuity.fit.threshold;
  Record record = base;
  SetMetric(record, metric, threshold.strength.value_or(0) / unit_size);
  record.message = Reason(acuity);
  if (!threshold.strength) {
    record.value.reset();
  } else if (threshold.low && threshold.high) {
    record.ci =
        Interval{*threshold.low / unit_size, *threshold.high / unit_size,
                 threshold.level, kBootstrap};
  }
  records.push_back(std::move(record));
}

}  // namespace

std::vector<Record> AcuityRecords(const ChartOutcome& outcome) {
  const Acuity& acuity = outcome.acuity;
  Record base;
  base.weights_sha256 = outcome.summary.weights_sha256;
  base.preprocess_sha256 = outcome.summary.preprocess_sha256;
  base.dataset_sha256 = outcome.summary.items_sha256;
  for (const AcuityPoint& point : acuity.points) base.n += point.trials;
  std::vector<Record> records;
  AddThreshold(records, base, "chart_threshold", acuity, 1);
  records.back().unit = acuity.chart->unit;
  if (acuity.chart->pixels && outcome.patch_size > 0)
    AddThreshold(records, base, "chart_threshold_patches", acuity,
                 outcome.patch_size);
  Record record = base;
  SetMetric(record, "chart_accuracy", acuity.accuracy);
  record.ci = acuity.accuracy_ci;
  records.push_back(std::move(record));
  return records;
}

}  // namespace eyechart::probes
