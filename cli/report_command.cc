#include <memory>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/files.h"
#include "reports/exporter.h"
#include "reports/run_folder.h"

namespace eyechart::cli {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::string out;
  std::string format;
  bool json = false;
};

int Run(const Options& options) {
  const std::string format = options.format.empty()
                                 ? reports::FormatForFile(options.out)
                                 : options.format;
  const auto exporter = reports::Exporter::Create(format);
  std::vector<reports::RunFolder> runs;
  for (const std::string& run : options.runs)
    runs.push_back(reports::ReadRunFolder(run));
  WriteFileAtomic(options.out, exporter->Export(runs));
  if (options.json) {
    std::size_t records = 0;
    for (const reports::RunFolder& run : runs) records += run.records.size();
    PrintJson({{"schema", 1},
               {"command", "report"},
               {"warnings", Json::array()},
               {"format", format},
               {"out", options.out},
               {"runs", runs.size()},
               {"records", records}});
  } else {
    PrintLine("report   " + options.out);
  }
  return kExitOk;
}

}  // namespace

Runner AddReport(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("runs", options->runs, "run folders")->required();
  app.add_option("-o,--out", options->out, "file to write")->required();
  app.add_option("--format", options->format,
                 "markdown, html, jsonl or csv (default: by the extension)");
  app.add_flag("--json", options->json, "print one JSON object");
  return [options] { return Run(*options); };
}

}  // namespace eyechart::cli
