#include <ATen/Parallel.h>

#include <cstdio>
#include <memory>

#include "benchmarks/environment.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/report_sinks.h"
#include "cli/terminal.h"
#include "core/text.h"
#include "reports/exporter.h"
#include "reports/record_sink.h"
#include "suite/run.h"

namespace eyechart::cli {
namespace {

struct RunFlags {
  std::string suite;
  std::string shard;
  int threads = 0;
  std::vector<std::string> sinks;
  bool json = false;
  suite::RunOptions run;
  std::string out;
};

void ParseShard(const std::string& text, suite::RunOptions& run) {
  if (text.empty()) return;
  const std::size_t slash = text.find('/');
  const std::string_view view(text);
  const auto index = ParseInt(view.substr(0, slash));
  const auto count = slash == std::string::npos
                         ? std::nullopt
                         : ParseInt(view.substr(slash + 1));
  EYECHART_REQUIRE(index && count && *index >= 1 && *index <= *count,
                   "--shard {}: should be I/N with I from 1 to N", text);
  run.shard_index = *index;
  run.shard_count = *count;
}

// The command line that measures the same again, into a folder of its own.
std::string RunCommandLine(const RunFlags& options) {
  std::string command = "eyechart run " + options.suite + " --out NEW_FOLDER";
  if (options.run.filter != "*")
    command += " --filter '" + options.run.filter + "'";
  if (!options.run.device.empty()) command += " --device " + options.run.device;
  if (options.threads > 0)
    command += fmt::format(" --threads {}", options.threads);
  return command;
}

// Where the cells run: a suite of its own word may name several devices.
std::vector<std::string> DevicesOf(const suite::SuiteSpec& suite,
                                   const std::string& device) {
  if (!device.empty()) return {device};
  std::vector<std::string> devices;
  for (const suite::EncoderSpec& encoder : suite.encoders)
    devices.push_back(encoder.model.device);
  return devices;
}

// Opened before the first cell, so that a file that cannot be written is no
// surprise after hours; after the run folder, which may be where they are.
std::vector<std::unique_ptr<reports::RecordSink>> OpenSinks(
    const std::vector<ReportSink>& sinks, const std::filesystem::path& run) {
  std::vector<std::unique_ptr<reports::RecordSink>> open;
  for (const ReportSink& sink : sinks) {
    reports::RecordSinkOptions options{sink.format, sink.file, nullptr, run};
    if (sink.file == "-")
      options.lines = [](std::string_view lines) {
        std::fwrite(lines.data(), 1, lines.size(), stdout);
        std::fflush(stdout);
      };
    open.push_back(reports::RecordSink::Create(options));
  }
  return open;
}

int RunTheSuite(RunFlags options) {
  const std::vector<ReportSink> files =
      ParseSinks(options.sinks, SinkFormats(reports::Exporters()), "--sink");
  EYECHART_REQUIRE(!options.json || !UsesStdout(files),
                   "--sink -: stdout is --json's; give a file");
  SetThreads(options.threads);
  ParseShard(options.shard, options.run);
  suite::SuiteSpec suite = suite::ReadSuite(options.suite);
  // --out is relative to here, the suite's own `out` to the suite's folder.
  options.run.out = options.out;
  if (options.out.empty()) {
    EYECHART_REQUIRE(!suite.out.empty(),
                     "--out is missing, and {} has no out in [suite]",
                     options.suite);
    options.run.out = suite.file.parent_path() / suite.out;
  }
  options.run.environment = benchmarks::DescribeEnvironment(
      options.run.device.empty() ? "as in the suite" : options.run.device,
      at::get_num_threads(), DevicesOf(suite, options.run.device));
  options.run.command = RunCommandLine(options);
  std::vector<std::unique_ptr<reports::RecordSink>> sinks;
  options.run.on_open = [&] { sinks = OpenSinks(files, options.run.out); };
  options.run.on_records = [&sinks](std::span<const Record> records) {
    for (const auto& sink : sinks) sink->Add(records);
  };
  TerminalProgress progress;
  const suite::RunSummary summary =
      suite::RunSuite(std::move(suite), options.run, progress);
  for (const auto& sink : sinks) sink->Finish();
  const std::string out = options.run.out.string();
  if (options.json) {
    PrintJson({{"schema", 1},
               {"command", "run"},
               {"warnings", Json::array()},
               {"out", out},
               {"cells", summary.cells},
               {"done_before", summary.done},
               {"ok", summary.ok},
               {"failed", summary.failed}});
  } else {
    PrintLine(fmt::format(
        "{}: {} cells: {} done before, {} done now, {} failed", out,
        summary.cells, summary.done, summary.ok, summary.failed.size()));
    for (const std::string& cell : summary.failed)
      PrintLine("failed   " + cell);
  }
  return summary.failed.empty() ? kExitOk : kExitCellsFailed;
}

}  // namespace

Runner AddRun(Arguments& app) {
  auto options = std::make_shared<RunFlags>();
  app.AddOption("suite", options->suite, "suite file (TOML)").Required();
  app.AddOption("--out", options->out, "run folder (default: the suite's)");
  app.AddOption("--filter", options->run.filter,
                "only cells that match this glob")
      .ShowDefault();
  app.AddOption("--shard", options->shard,
                "I/N: every N-th cell from the I-th");
  app.AddFlag("--fresh", options->run.fresh,
              "forget what a former run left in the folder");
  app.AddOption("--device", options->run.device,
                "overrides the encoders' device");
  app.AddOption("--threads", options->threads,
                "threads of the models (default: LibTorch's choice)");
  app.AddOption("--sink", options->sinks,
                "file that each cell's records are written to as they are "
                "made: FILE.csv, .jsonl, .html, .xml, ... or FORMAT=FILE; "
                "FORMAT=- for stdout (csv, jsonl, github)")
      .OneValueATime()
      .TypeName("FILE");
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunTheSuite(*options); };
}

}  // namespace eyechart::cli
