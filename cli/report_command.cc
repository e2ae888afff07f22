#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/report_references.h"
#include "cli/report_sinks.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "reports/exporter.h"
#include "reports/history/history_plot.h"
#include "reports/run_folder.h"

namespace eyechart::cli {
namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::vector<std::string> out;
  std::string format;
  std::string history;
  std::vector<std::string> references;
  bool json = false;
};

// The trends of what the runs have measured.
std::vector<reports::Trend> TrendsFor(
    const std::vector<reports::RunFolder>& runs, const std::string& history) {
  reports::SeriesSet set =
      reports::ReadSeries(reports::HistoryStore::Open(history));
  std::set<std::pair<std::string, std::string>> wanted;
  for (const reports::RunFolder& run : runs)
    for (const Record& record : run.records)
      wanted.insert({record.cell, record.metric});
  std::erase_if(set.series, [&](const reports::HistorySeries& series) {
    return series.points.size() < 2 ||
           !wanted.contains({series.cell, series.metric});
  });
  if (set.series.empty())
    PrintWarning(
        history +
        ": has no two runs with a result of those reported: no trends");
  return reports::TrendsOf(set, reports::FindChanges(set));
}

int RunReport(const ReportFlags& options) {
  const std::vector<ReportSink> sinks = ParseSinks(
      options.out, SinkFormats(reports::Exporters()), "-o", options.format);
  EYECHART_REQUIRE(!options.json || !UsesStdout(sinks),
                   "-o -: stdout is --json's; give a file");
  std::vector<reports::RunFolder> runs;
  for (const std::string& run : options.runs)
    runs.push_back(reports::ReadRunFolder(run));
  const std::vector<reports::Trend> trends =
      options.history.empty() ? std::vector<reports::Trend>()
                              : TrendsFor(runs, options.history);
  const std::vector<reports::RunFolder> references =
      ReadReferences(options.references);
  bool trends_shown = trends.empty();
  bool references_shown = references.empty();
  // All are made before the first is written.
  std::vector<std::string> documents;
  for (const ReportSink& sink : sinks) {
    const auto exporter = reports::Exporter::Create(sink.format);
    trends_shown |= exporter->ShowTrends(trends);
    references_shown |= exporter->ShowReferences(references);
    documents.push_back(exporter->Export(runs));
  }
  EYECHART_REQUIRE(trends_shown,
                   "--history: none of the formats shows trends; html does");
  EYECHART_REQUIRE(references_shown,
                   "--reference: none of the formats has a place for others' "
                   "numbers; html and markdown have");
  WriteSinks(sinks, documents);
  if (options.json) {
    std::size_t records = 0;
    for (const reports::RunFolder& run : runs) records += run.records.size();
    Json files = Json::array();
    for (const ReportSink& sink : sinks)
      files.push_back({{"format", sink.format}, {"out", sink.file}});
    PrintJson({{"schema", 1},
               {"command", "report"},
               {"warnings", Json::array()},
               {"format", sinks.front().format},
               {"out", sinks.front().file},
               {"files", files},
               {"runs", runs.size()},
               {"records", records}});
  } else if (!UsesStdout(sinks)) {
    for (const ReportSink& sink : sinks) PrintLine("report   " + sink.file);
  }
  return kExitOk;
}

}  // namespace

Runner AddReport(Arguments& app) {
  auto options = std::make_shared<ReportFlags>();
  app.AddOption("runs", options->runs, "run folders").Required();
  app.AddOption("-o,--out", options->out,
                "file to write, FORMAT=FILE, or FORMAT=- for stdout; several "
                "are written at once")
      .Required()
      .OneValueATime()
      .TypeName("FILE");
  app.AddOption("--format", options->format,
                "format of files that name none (default: by the extension; "
                "`list exporters` shows them)");
  app.AddOption("--history", options->history,
                "a history file: trends of the runs' results (html)");
  app.AddOption("--reference", options->references,
                "others' numbers to read beside (html, markdown): a file, or " +
                    KnownReferences())
      .OneValueATime()
      .TypeName("NAME|FILE");
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunReport(*options); };
}

}  // namespace eyechart::cli
