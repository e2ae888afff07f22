#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "reports/gate/baseline.h"
#include "reports/gate/gate.h"
#include "reports/gate/run_checks.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string run;
  std::string baseline;
  std::string policy;
  std::vector<std::string> same_build;  // runs for --aa
  std::string update_reason;
  reports::GateOptions gate;
  bool update = false;
  bool all = false;
  bool json = false;
};

Json Head(const std::vector<std::string>& warnings) {
  return {{"schema", 1}, {"command", "gate"}, {"warnings", warnings}};
}

int MeasureNoise(const Options& o) {
  EYECHART_REQUIRE(o.run.empty() && !o.update,
                   "--aa measures the noise of --baseline and the runs after "
                   "it; it judges no RUN and updates nothing");
  std::vector<reports::RunFolder> runs = {reports::ReadRunFolder(o.baseline)};
  for (const std::string& run : o.same_build) {
    EYECHART_REQUIRE(!fs::exists(run) || !fs::equivalent(run, o.baseline),
                     "--aa {}: is the baseline itself", run);
    runs.push_back(reports::ReadRunFolder(run));
  }
  const reports::Noise noise = reports::MeasureNoise(runs);
  const fs::path file = fs::path(o.baseline) / "noise.json";
  const Json written = reports::NoiseToJson(noise);
  WriteFileAtomic(file, written.dump(1) + "\n");
  if (o.json) {
    Json json = Head({});
    json["noise"] = written;
    PrintJson(json);
  } else {
    PrintLine(fmt::format("{}: the noise of {} results in {} runs",
                          file.string(), noise.cells.size(), runs.size()));
  }
  return kExitOk;
}

int FirstBaseline(const Options& o) {
  reports::UpdateBaseline(o.run, o.baseline, o.update_reason, "none");
  if (o.json) {
    Json json = Head({});
    json["updated"] = o.baseline;
    PrintJson(json);
  } else {
    PrintLine(o.baseline + ": is the baseline now");
  }
  return kExitOk;
}

int Run(const Options& o) {
  if (!o.same_build.empty()) return MeasureNoise(o);
  EYECHART_REQUIRE(!o.run.empty(), "RUN is missing: the folder to judge");
  if (o.update && !fs::exists(o.baseline)) return FirstBaseline(o);
  const reports::Policy policy =
      o.policy.empty() ? reports::Policy{} : reports::ReadPolicy(o.policy);
  const reports::RunFolder baseline = reports::ReadRunFolder(o.baseline);
  const reports::RunFolder candidate = reports::ReadRunFolder(o.run);
  reports::GateResult result = reports::JudgeRuns(
      baseline, candidate, policy, reports::ReadNoise(o.baseline), o.gate);
  std::vector<std::string> warnings;
  for (const std::string& folder : {o.baseline, o.run})
    for (std::string& warning : reports::CheckRecords(folder))
      warnings.push_back(std::move(warning));
  for (std::string& warning : result.warnings)
    warnings.push_back(std::move(warning));
  for (const std::string& warning : warnings) PrintWarning(warning);
  if (o.update)
    reports::UpdateBaseline(o.run, o.baseline, o.update_reason,
                            reports::VerdictName(result.verdict));
  if (o.json) {
    Json json = Head(warnings);
    json.update(reports::GateToJson(result));
    if (o.update) json["updated"] = o.baseline;
    PrintJson(json);
  } else {
    std::string text = reports::GateToText(result, o.all);
    if (o.update) text += o.baseline + ": is the baseline now\n";
    text.pop_back();  // PrintLine's own line feed
    PrintLine(text);
  }
  // Who updates has accepted what the gate found.
  return o.update ? kExitOk : result.exit_code;
}

}  // namespace

Runner AddGate(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("run", o->run, "run folder to judge")->type_name("RUN");
  app.add_option("--baseline", o->baseline, "run folder to judge it by")
      ->required();
  app.add_option("--policy", o->policy,
                 "margins and rules, a gate.toml (default: scores keep 99 % of "
                 "the baseline, times may be 5 % worse)");
  app.add_flag("--strict", o->gate.strict,
               "exit code 3 where a cell is inconclusive");
  app.add_option("--aa", o->same_build,
                 "more runs of the baseline's build: writes noise.json beside "
                 "it, and judges nothing")
      ->type_name("RUN");
  app.add_option("--update-baseline", o->update_reason,
                 "make RUN the baseline, for this reason")
      ->type_name("REASON")
      ->each(
          [options = o.get()](const std::string&) { options->update = true; });
  app.add_flag("--all", o->all, "also show what passed");
  app.add_flag("--json", o->json, "print one JSON object");
  return [o] { return Run(*o); };
}

}  // namespace eyechart::cli
