#include "probes/pipeline/grid_score.h"
#include "probes/pipeline/probe_result.h"

namespace eyechart::probes {
namespace {

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::vector<Record> ProbeRecords(const ProbeResult& result,
                                 const Record& base) {
  const Fitted& fitted = result.fitted;
  Record filled = base;
  filled.n = result.test;
  filled.weights_sha256 = result.features.weights_sha256;
  filled.preprocess_sha256 = result.features.preprocess_sha256;
  if (result.second) {
    filled.weights_sha256 += "+" + result.second->weights_sha256;
    filled.preprocess_sha256 += "+" + result.second->preprocess_sha256;
  }
  filled.dataset_sha256 = result.test_items_sha256;
  // All that the score depends on, defaults written out.
  std::map<std::string, std::string>& setting = filled.setting;
  setting["protocol"] = result.protocol->name;
  setting["train"] = std::to_string(fitted.fit);
  setting["validation"] = std::to_string(fitted.validation);
  setting["seed"] = std::to_string(result.options.seed);
  if (fitted.grid.size() > 1) setting["select"] = result.options.select;
  if (result.options.shots > 0)
    setting["shots"] = std::to_string(result.options.shots);
  if (result.options.augment) setting["augment"] = "true";
  for (const auto& [key, value] : fitted.setting.items())
    setting[key] = Text(value);
  for (const auto& [key, value] : fitted.grid[fitted.selected].setting.items())
    setting["selected_" + key] = Text(value);
  for (const std::string& warning : result.warnings)
    filled.message += (filled.message.empty() ? "" : "; ") + warning;

  std::vector<Record> records;
  for (const ProbeScore& score : result.scores) {
    records.push_back(filled);
    SetMetric(records.back(), score.metric, score.value);
    if (records.back().value) records.back().ci = score.ci;
  }
  if (result.run_scores.size() > 1 && !result.scores.empty()) {
    const Spread spread = SpreadOf(result.run_scores);
    records.push_back(filled);
    records.back().n = static_cast<std::int64_t>(result.run_scores.size());
    SetMetric(records.back(), "probe_seed_mean", spread.mean);
    records.push_back(records.back());
    SetMetric(records.back(), "probe_seed_deviation", spread.deviation);
  }
  return records;
}

}  // namespace eyechart::probes
