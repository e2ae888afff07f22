#include "reports/gate/remeasure.h"

#include <map>
#include <set>
#include <utility>

namespace eyechart::reports {

GateResult Confirm(GateResult result,
                   Remeasure& remeasure,
                   std::int64_t pairs,
                   const Policy& policy,
                   const GateOptions& options) {
  const auto is_open = [](const GateCell& cell) {
    return cell.verdict == Verdict::kRegressed ||
           cell.verdict == Verdict::kInconclusive;
  };
  std::set<std::string> open;
  for (const GateCell& cell : result.cells)
    if (is_open(cell)) open.insert(cell.cell);
  if (open.empty()) return result;
  const std::vector<std::string> names(open.begin(), open.end());
  const Remeasured again = remeasure.Measure(names, pairs);
  if (again.baseline.records.empty()) return result;
  // Both sides are new, so the names are the baseline's.
  Policy by_name = policy;
  by_name.aliases.clear();
  GateOptions of_open = options;
  of_open.whole_runs = false;
  GateResult second =
      JudgeRuns(again.baseline, again.candidate, by_name, again.noise, of_open);
  std::map<std::pair<std::string, std::string>, GateCell*> found;
  for (GateCell& cell : second.cells) found[{cell.cell, cell.metric}] = &cell;
  for (GateCell& cell : result.cells) {
    const auto place = found.find({cell.cell, cell.metric});
    if (!is_open(cell) || place == found.end() || !place->second->candidate)
      continue;
    const std::string first(VerdictName(cell.verdict));
    cell = *place->second;
    cell.reason +=
        (cell.reason.empty() ? "" : "; ") + ("measured again after " + first);
  }
  // Why a second look may be incomparable.
  result.environment.insert(second.environment.begin(),
                            second.environment.end());
  for (std::string& warning : second.warnings)
    result.warnings.push_back(std::move(warning));
  Summarize(result, options.strict);
  return result;
}

}  // namespace eyechart::reports
