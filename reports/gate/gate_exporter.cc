#include "reports/gate/gate_exporter.h"

#include <array>

#include "core/error.h"
#include "core/text.h"
#include "reports/gate/gate_formats.h"

namespace eyechart::reports {
namespace {

// An exporter that is one function.
template <std::string (*document)(const GateReport&)>
std::unique_ptr<GateExporter> Make() {
  class Exporter final : public GateExporter {
   public:
    std::string Export(const GateReport& report) const override {
      return document(report);
    }
  };
  return std::make_unique<Exporter>();
}

constexpr std::array kExporters = {
    GateExporterRow{"text", ".txt", "the table that the command prints",
                    Make<GateTextDocument>},
    GateExporterRow{"json", ".json", "the object of --json",
                    Make<GateJsonDocument>},
    GateExporterRow{"markdown", ".md .markdown",
                    "verdicts and numbers for an issue or a chat",
                    Make<GateMarkdown>},
    GateExporterRow{"junit", ".xml", "a test a result, for CI servers",
                    Make<GateJunit>},
    GateExporterRow{"github", "",
                    "annotations of a GitHub workflow, for its log",
                    Make<GateAnnotations>},
    GateExporterRow{"github-summary", "",
                    "the Markdown within a step summary's 1 MiB",
                    Make<GateSummary>},
    GateExporterRow{"openmetrics", ".prom .openmetrics",
                    "verdicts as gauges for Prometheus and GitLab",
                    Make<GateOpenMetrics>},
    GateExporterRow{"sarif", ".sarif", "what failed, for code scanners",
                    Make<GateSarif>},
    GateExporterRow{"badge", "", "JSON of a shields.io endpoint badge",
                    Make<GateBadge>},
};

}  // namespace

bool Fails(const GateCell& cell, bool strict) {
  return cell.required && ExitCodeOf(cell.verdict, strict) != 0;
}

std::span<const GateExporterRow> GateExporters() { return kExporters; }

std::unique_ptr<GateExporter> GateExporter::Create(const std::string& format) {
  std::vector<std::string> names;
  for (const GateExporterRow& row : GateExporters()) {
    if (row.name == format) return row.make();
    names.emplace_back(row.name);
  }
  ThrowInput("format \"{}\" is none of {}{}", format, fmt::join(names, ", "),
             DidYouMean(format, names));
}

}  // namespace eyechart::reports
