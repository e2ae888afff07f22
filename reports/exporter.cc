#include "reports/exporter.h"

#include <array>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "reports/formats.h"

namespace eyechart::reports {
namespace {

constexpr std::array kExporters = {
    ExporterRow{"markdown", ".md .markdown",
                "tables for a repository, an issue or a chat", MakeMarkdown},
    ExporterRow{"html", ".html .htm",
                "one self-contained page with the pictures of mined pairs",
                MakeHtml},
    ExporterRow{"jsonl", ".jsonl .ndjson",
                "one record a line, as in records.jsonl", MakeJsonl},
    ExporterRow{"csv", ".csv", "one record a row, one column a field", MakeCsv},
    ExporterRow{"junit", ".xml", "a test a result, for CI servers", MakeJunit},
    ExporterRow{"github", "", "annotations of a GitHub workflow, for its log",
                MakeGithub},
    ExporterRow{"github-summary", "",
                "the Markdown within a step summary's 1 MiB",
                MakeGithubSummary},
    ExporterRow{"openmetrics", ".prom .openmetrics",
                "gauges for Prometheus and GitLab", MakeOpenMetrics},
    ExporterRow{"sarif", ".sarif", "what failed, for code scanners", MakeSarif},
    ExporterRow{"badge", "", "JSON of a shields.io endpoint badge", MakeBadge},
};

}  // namespace

std::span<const ExporterRow> Exporters() { return kExporters; }

bool Exporter::ShowTrends(std::vector<Trend> trends) { return trends.empty(); }

bool Exporter::ShowReferences(std::vector<RunFolder> references) {
  return references.empty();
}

std::unique_ptr<Exporter> Exporter::Create(const std::string& format) {
  std::vector<std::string> names;
  for (const ExporterRow& row : Exporters()) {
    if (row.name == format) return row.make();
    names.emplace_back(row.name);
  }
  ThrowInput("format \"{}\" is none of {}{}", format, fmt::join(names, ", "),
             DidYouMean(format, names));
}

}  // namespace eyechart::reports
