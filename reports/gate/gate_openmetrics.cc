// The gate as gauges: the decision, how many results have each verdict, and one
// sample for each that fails. Values of metrics are the report's to export.
#include <array>

#include "reports/gate/gate_findings.h"
#include "reports/gate/gate_formats.h"
#include "reports/openmetrics.h"

namespace eyechart::reports {

std::string GateOpenMetrics(const GateReport& report) {
  GaugeFamily exit_code{"eyechart_gate_exit_code",
                        "",
                        "exit code of the gate; 0 where it passes",
                        {{{}, static_cast<double>(report.result.exit_code)}}};
  GaugeFamily results{"eyechart_gate_results",
                      "",
                      "results of the baseline that have the verdict",
                      {}};
  GaugeFamily failed{"eyechart_gate_result_failed",
                     "",
                     "1 for each result that fails the gate",
                     {}};
  for (const Verdict verdict : kVerdictOrder) {
    const std::string name(VerdictName(verdict));
    double count = 0;
    for (const GateCell& cell : report.result.cells) {
      if (cell.verdict != verdict) continue;
      ++count;
      if (Fails(cell, report.strict))
        failed.samples.push_back(
            {{{"cell", cell.cell}, {"metric", cell.metric}, {"verdict", name}},
             1});
    }
    results.samples.push_back({{{"verdict", name}}, count});
  }
  return OpenMetricsDocument(std::array{exit_code, results, failed});
}

}  // namespace eyechart::reports
