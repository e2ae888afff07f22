#include "reports/findings.h"

#include <algorithm>

namespace eyechart::reports {

std::string ResultName(const std::string& cell, const std::string& metric) {
  return metric.empty() ? cell : cell + " " + metric;
}

std::vector<Finding> FindingsOf(const RunFolder& run) {
  std::vector<Finding> findings;
  for (const Record& record : run.records) {
    const auto add = [&](FindingLevel level, const char* kind) {
      findings.push_back(
          {level, kind, record.cell, record.metric, record.message});
    };
    if (record.status == RecordStatus::kError)
      add(FindingLevel::kError, "failed");
    else if (record.status == RecordStatus::kSkipped)
      add(FindingLevel::kNotice, "skipped");
    else if (!record.value)
      add(FindingLevel::kWarning, "no value");
  }
  SortFindings(findings);
  return findings;
}

void SortFindings(std::vector<Finding>& findings) {
  std::ranges::stable_sort(findings, {}, &Finding::level);
}

}  // namespace eyechart::reports
