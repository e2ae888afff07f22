// The documents that the table in gate_exporter.cc names, one a format.
#pragma once

#include <string>

#include "reports/gate/gate_exporter.h"

namespace eyechart::reports {

std::string GateTextDocument(const GateReport& report);
std::string GateJsonDocument(const GateReport& report);
std::string GateMarkdown(const GateReport& report);
std::string GateJunit(const GateReport& report);
std::string GateAnnotations(const GateReport& report);
std::string GateSummary(const GateReport& report);
std::string GateOpenMetrics(const GateReport& report);
std::string GateSarif(const GateReport& report);
std::string GateBadge(const GateReport& report);

}  // namespace eyechart::reports
