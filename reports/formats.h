// The makers that the table in exporter.cc names, one a format.
#pragma once

#include <memory>

#include "reports/exporter.h"

namespace eyechart::reports {

std::unique_ptr<Exporter> MakeMarkdown();
std::unique_ptr<Exporter> MakeHtml();
std::unique_ptr<Exporter> MakeJsonl();
std::unique_ptr<Exporter> MakeCsv();
std::unique_ptr<Exporter> MakeJunit();
std::unique_ptr<Exporter> MakeGithub();
std::unique_ptr<Exporter> MakeGithubSummary();
std::unique_ptr<Exporter> MakeOpenMetrics();
std::unique_ptr<Exporter> MakeSarif();
std::unique_ptr<Exporter> MakeBadge();

}  // namespace eyechart::reports
