#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/gate_ab.h"
#include "cli/report_sinks.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "reports/gate/baseline.h"
#include "reports/gate/gate.h"
#include "reports/gate/gate_exporter.h"
#include "reports/gate/run_checks.h"
#include "reports/history/history_baseline.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct GateFlags {
  std::string run;
  std::string baseline;
  std::string policy;
  std::vector<std::string> same_build;  // runs for --aa
  std::vector<std::string> reports;  // files, as cli/report_sinks.h reads them
  std::string update_reason;
  reports::GateOptions gate;
  AbFlags ab;
  bool update = false;
  bool all = false;
  bool json = false;
};

Json GateHead(const std::vector<std::string>& warnings) {
  return {{"schema", 1}, {"command", "gate"}, {"warnings", warnings}};
}

int MeasureNoise(const GateFlags& o) {
  const char* mode = o.ab.aa ? "--aa-runs" : "--aa";
  EYECHART_REQUIRE(o.run.empty() && !o.update,
                   "{} measures the noise of --baseline and of more runs of "
                   "its build; it judges no RUN and updates nothing",
                   mode);
  EYECHART_REQUIRE(o.reports.empty(),
                   "--report: {} judges nothing that could be reported", mode);
  EYECHART_REQUIRE(!reports::ParseHistoryReference(o.baseline),
                   "--baseline {}: a history tells the noise by its own runs; "
                   "{} is for a run folder",
                   o.baseline, mode);
  std::vector<reports::RunFolder> runs = {reports::ReadRunFolder(o.baseline)};
  for (const std::string& run : o.same_build) {
    EYECHART_REQUIRE(!fs::exists(run) || !fs::equivalent(run, o.baseline),
                     "--aa {}: is the baseline itself", run);
    runs.push_back(reports::ReadRunFolder(run));
  }
  const std::size_t results = std::ranges::count_if(
      runs.front().records,
      [](const Record& record) { return record.value.has_value(); });
  const auto noise = o.ab.aa ? MeasureAaRuns(o.ab, std::move(runs))
                             : reports::MeasureNoise(runs);
  std::vector<std::string> warnings;
  if (noise.cells.size() < results && o.ab.filter == "*")
    warnings.push_back(fmt::format(
        "{} of the baseline's {} results have no noise: not every run has a "
        "value of them",
        results - noise.cells.size(), results));
  const fs::path file = fs::path(o.baseline) / "noise.json";
  const Json written = reports::NoiseToJson(noise);
  WriteFileAtomic(file, written.dump(1) + "\n");
  for (const std::string& warning : warnings) PrintWarning(warning);
  if (o.json) {
    Json json = GateHead(warnings);
    json["noise"] = written;
    PrintJson(json);
  } else {
    PrintLine(fmt::format("{}: the noise of {} results in {} runs",
                          file.string(), noise.cells.size(),
                          noise.runs.size()));
  }
  return kExitOk;
}

int FirstBaseline(const GateFlags& o) {
  reports::UpdateBaseline(o.run, o.baseline, o.update_reason, "none");
  if (o.json) {
    Json json = GateHead({});
    json["updated"] = o.baseline;
    PrintJson(json);
  } else {
    PrintLine(o.baseline + ": is the baseline now");
  }
  return kExitOk;
}

// Tables in files are whole; --all is for what people see at once.
void WriteReports(reports::GateReport report,
                  const std::vector<ReportSink>& sinks) {
  const bool all = report.all;
  std::vector<std::string> documents;
  for (const ReportSink& sink : sinks) {
    report.all = all || sink.file != "-";
    documents.push_back(
        reports::GateExporter::Create(sink.format)->Export(report));
  }
  WriteSinks(sinks, documents);
}

std::vector<ReportSink> SinksOf(const GateFlags& o) {
  std::vector<ReportSink> sinks =
      ParseSinks(o.reports, SinkFormats(reports::GateExporters()), "--report");
  EYECHART_REQUIRE(!o.json || !UsesStdout(sinks),
                   "--report -: stdout is --json's; give a file");
  return sinks;
}

int FinishGate(const GateFlags& o,
               const reports::GateReport& report,
               const std::vector<ReportSink>& sinks) {
  for (const std::string& warning : report.warnings) PrintWarning(warning);
  WriteReports(report, sinks);
  if (o.update)
    reports::UpdateBaseline(o.run, o.baseline, o.update_reason,
                            reports::VerdictName(report.result.verdict));
  if (o.json) {
    Json json = GateHead(report.warnings);
    json.update(reports::GateToJson(report.result));
    if (o.update) json["updated"] = o.baseline;
    PrintJson(json);
  } else if (!UsesStdout(sinks)) {
    std::string text = reports::GateToText(report.result, o.all);
    if (o.update) text += o.baseline + ": is the baseline now\n";
    text.pop_back();  // PrintLine's own line feed
    PrintLine(text);
  }
  // Who updates has accepted what the gate found.
  return o.update ? kExitOk : report.result.exit_code;
}

reports::Policy PolicyOf(const GateFlags& o) {
  return o.policy.empty() ? reports::Policy{} : reports::ReadPolicy(o.policy);
}

// Both sides are measured here: there is no run yet.
int MeasureAndJudge(const GateFlags& o) {
  EYECHART_REQUIRE(!o.update, "--ab has no RUN that could become the baseline");
  const std::vector<ReportSink> sinks = SinksOf(o);
  reports::GateResult result = JudgeBuilds(o.ab, PolicyOf(o), o.gate);
  const std::vector<std::string> warnings = result.warnings;
  return FinishGate(o,
                    {std::move(result), o.ab.ab[0], o.ab.ab[1], warnings,
                     o.gate.strict, o.all},
                    sinks);
}

// The folder or the history that --baseline names.
reports::HistoryBaseline ReadBaseline(
    const GateFlags& o,
    const std::optional<reports::HistoryReference>& history,
    const reports::RunFolder& candidate) {
  if (history) return reports::BaselineFromHistory(*history, candidate);
  return {reports::ReadRunFolder(o.baseline), reports::ReadNoise(o.baseline),
          reports::CheckRecords(o.baseline)};
}

int RunGate(const GateFlags& o) {
  RequireSensible(o.ab, o.run, o.baseline);
  if (!o.ab.ab.empty()) return MeasureAndJudge(o);
  if (!o.same_build.empty() || o.ab.aa) return MeasureNoise(o);
  EYECHART_REQUIRE(!o.run.empty(), "RUN is missing: the folder to judge");
  const std::vector<ReportSink> sinks = SinksOf(o);
  const auto history = reports::ParseHistoryReference(o.baseline);
  EYECHART_REQUIRE(!history || !o.update,
                   "--baseline {}: a history is not updated by the gate; "
                   "`eyechart history add RUN --db {}` adds a run to it",
                   o.baseline, history->file.string());
  if (o.update && !fs::exists(o.baseline)) return FirstBaseline(o);
  const reports::Policy policy = PolicyOf(o);
  const reports::RunFolder candidate = reports::ReadRunFolder(o.run);
  const reports::HistoryBaseline baseline = ReadBaseline(o, history, candidate);
  reports::GateResult result = reports::JudgeRuns(
      baseline.run, candidate, policy, baseline.noise, o.gate);
  if (o.ab.confirm)
    result = ConfirmResult(std::move(result), o.ab, baseline.run,
                           baseline.noise, policy, o.gate);
  std::vector<std::string> warnings = baseline.warnings;
  for (std::string& warning : reports::CheckRecords(o.run))
    warnings.push_back(std::move(warning));
  for (std::string& warning : result.warnings)
    warnings.push_back(std::move(warning));
  return FinishGate(
      o, {std::move(result), o.baseline, o.run, warnings, o.gate.strict, o.all},
      sinks);
}

}  // namespace

Runner AddGate(Arguments& app) {
  auto o = std::make_shared<GateFlags>();
  app.AddOption("run", o->run, "run folder to judge").TypeName("RUN");
  app.AddOption("--baseline", o->baseline,
                "run folder to judge it by, or a history: FILE or FILE@RUN");
  app.AddOption("--policy", o->policy,
                "margins and rules, a gate.toml (default: scores keep 99 % of "
                "the baseline, times may be 5 % worse)");
  app.AddFlag("--strict", o->gate.strict,
              "exit code 3 where a cell is inconclusive");
  app.AddOption("--aa", o->same_build,
                "more runs of the baseline's build: writes noise.json beside "
                "it, and judges nothing")
      .TypeName("RUN");
  app.AddOption("--update-baseline", o->update_reason,
                "make RUN the baseline, for this reason")
      .TypeName("REASON")
      .Tells(o->update);
  app.AddOption("--report", o->reports,
                "file to write the verdicts to as well: FILE.xml (JUnit), .md, "
                ".json, .sarif, .prom, .txt, FORMAT=FILE (also github, "
                "github-summary, badge), FORMAT=- for stdout")
      .OneValueATime()
      .TypeName("FILE");
  AddAbFlags(app, o->ab);
  app.AddFlag("--all", o->all, "also show what passed");
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunGate(*o); };
}

}  // namespace eyechart::cli
