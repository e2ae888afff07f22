// Runs as the history's tests need them.
#pragma once

#include <string>
#include <vector>

#include "core/hash.h"
#include "reports/history/history_store.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports::testing {

/// Night `night` (1 to 28 a month from 2026-01) of a machine: one record of
/// `metric` for each cell c0, c1 ... with these values.
inline RunFolder NightRun(int night,
                          const std::vector<double>& values,
                          const std::string& metric = "top1",
                          const std::string& cpu = "A") {
  RunFolder run;
  run.name = fmt::format("night{}", night);
  run.path = "runs/" + run.name;
  run.environment = {{"cpu", cpu},
                     {"device", "cpu"},
                     {"eyechart", fmt::format("0.1.{}", night)},
                     {"commit", fmt::format("c{:03}", night)}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    Record record =
        ScoreRecord("c" + std::to_string(i), metric, values[i], 100);
    record.run = run.name;
    record.environment =
        Sha256Hex(CanonicalJson(run.environment)).substr(0, 16);
    record.started = fmt::format("2026-{:02}-{:02}T01:00:00Z",
                                 (night - 1) / 28 + 1, (night - 1) % 28 + 1);
    record.weights_sha256 = std::string(64, 'a');
    record.ci = Interval{values[i] - 0.02, values[i] + 0.02, 0.95, "wilson"};
    run.records.push_back(record);
  }
  return run;
}

inline std::vector<std::string> Lines(const std::vector<Record>& records) {
  std::vector<std::string> lines;
  for (const Record& record : records) lines.push_back(RecordToLine(record));
  return lines;
}

}  // namespace eyechart::reports::testing
