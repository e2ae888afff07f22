#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/terminal.h"
#include "reports/import/google_benchmark.h"

namespace eyechart::cli {
namespace {

struct ImportFlags {
  std::string file;
  std::string out;
  bool json = false;
};

int RunImport(const ImportFlags& options) {
  const reports::GoogleBenchmarkRun imported =
      reports::ReadGoogleBenchmark(options.file);
  reports::WriteImportedRun(imported, options.out);
  const std::size_t records = imported.run.records.size();
  if (options.json)
    PrintJson({{"schema", 1},
               {"command", "import"},
               {"warnings", Json::array()},
               {"out", options.out},
               {"records", records},
               {"sampled_cells", imported.samples.size()}});
  else
    PrintLine(fmt::format("{}  {} records", options.out, records));
  return kExitOk;
}

}  // namespace

Runner AddImport(Arguments& app) {
  auto options = std::make_shared<ImportFlags>();
  app.AddOption("file", options->file,
                "JSON of Google Benchmark (--benchmark_out_format=json)")
      .Required();
  app.AddOption("-o,--out", options->out, "run folder to write").Required();
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunImport(*options); };
}

}  // namespace eyechart::cli
