#include <memory>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "reports/gate/explain.h"

namespace eyechart::cli {
namespace {

struct ExplainFlags {
  reports::ExplainOptions explain;
  std::string run;
  std::string baseline;
  std::string policy;
  bool json = false;
};

int RunExplain(const ExplainFlags& o) {
  EYECHART_REQUIRE(o.policy.empty() || !o.baseline.empty(),
                   "--policy judges against a baseline; give --baseline, too");
  const reports::Policy policy =
      o.policy.empty() ? reports::Policy{} : reports::ReadPolicy(o.policy);
  const reports::RunFolder run = reports::ReadRunFolder(o.run);
  std::optional<reports::RunFolder> baseline;
  if (!o.baseline.empty()) baseline = reports::ReadRunFolder(o.baseline);
  const reports::Explanation explanation =
      reports::Explain(run, baseline ? &*baseline : nullptr, policy, o.explain);
  for (const std::string& warning : explanation.warnings) PrintWarning(warning);
  if (o.json) {
    Json json = {{"schema", 1},
                 {"command", "explain"},
                 {"warnings", explanation.warnings},
                 {"run", o.run},
                 {"baseline", o.baseline.empty() ? Json() : Json(o.baseline)}};
    json.update(reports::ExplanationToJson(explanation));
    PrintJson(json);
  } else {
    std::string text = reports::ExplanationToText(explanation);
    text.pop_back();  // PrintLine's own line feed
    PrintLine(text);
  }
  return kExitOk;
}

}  // namespace

Runner AddExplain(Arguments& app) {
  auto o = std::make_shared<ExplainFlags>();
  app.AddOption(
         "cell", o->explain.cell,
         "the cell's name, a part of it that no other has, or a glob that "
         "fits one cell")
      .TypeName("CELL")
      .Required();
  app.AddOption("--run", o->run, "run folder that has the cell")
      .TypeName("RUN")
      .Required();
  app.AddOption("--baseline", o->baseline,
                "run folder to compare with: adds test, margin and power")
      .TypeName("RUN");
  app.AddOption("--metric", o->explain.metric, "only this result of the cell");
  app.AddOption("--policy", o->policy, "margins and rules, a gate.toml");
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunExplain(*o); };
}

}  // namespace eyechart::cli
