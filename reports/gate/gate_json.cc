#include "core/interval_json.h"
#include "reports/gate/gate.h"

namespace eyechart::reports {

Json GateToJson(const GateResult& result) {
  Json cells = Json::array();
  Json incomparable_cells = Json::array();
  for (const GateCell& cell : result.cells) {
    cells.push_back({{"cell", cell.cell},
                     {"metric", cell.metric},
                     {"verdict", VerdictName(cell.verdict)},
                     {"baseline", OrNull(cell.baseline)},
                     {"candidate", OrNull(cell.candidate)},
                     {"difference", OrNull(cell.difference)},
                     {"ci", IntervalJson(cell.ci)},
                     {"margin", OrNull(cell.margin)},
                     {"p", OrNull(cell.p)},
                     {"p_adjusted", OrNull(cell.p_adjusted)},
                     {"test", cell.test},
                     {"reason", cell.reason},
                     {"n", cell.n},
                     {"unit", cell.unit},
                     {"direction", DirectionName(cell.direction)},
                     {"least_loss", OrNull(cell.least_loss)},
                     {"required", cell.required}});
    if (cell.verdict == Verdict::kIncomparable)
      incomparable_cells.push_back(cell.cell + " " + cell.metric);
  }
  Json incomparable = Json::object();
  if (!incomparable_cells.empty()) {
    incomparable["cells"] = incomparable_cells;
    incomparable["environment"] = Json::object();
    for (const auto& [key, values] : result.environment)
      incomparable["environment"][key] = {{"baseline", values.first},
                                          {"candidate", values.second}};
  }
  return {{"verdict", VerdictName(result.verdict)},
          {"exit_code", result.exit_code},
          {"policy", result.policy},
          {"tested", result.tested},
          {"cells", cells},
          {"missing", result.missing},
          {"incomparable", incomparable}};
}

}  // namespace eyechart::reports
