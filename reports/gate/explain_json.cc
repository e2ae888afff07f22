#include "core/interval_json.h"
#include "reports/gate/explain.h"

namespace eyechart::reports {
namespace {

Json SamplesToJson(const std::optional<SampleSummary>& samples) {
  if (!samples) return nullptr;
  Json quantiles = Json::object();
  for (const auto& [name, value] : samples->quantiles) quantiles[name] = value;
  Json histogram = Json::array();
  for (const Bin& bin : samples->histogram)
    histogram.push_back(
        {{"low", bin.low}, {"high", bin.high}, {"count", bin.count}});
  return {{"unit", "ns"},
          {"count", samples->count},
          {"pairs", samples->pairs},
          {"min", samples->min},
          {"median", samples->median},
          {"mean", samples->mean},
          {"max", samples->max},
          {"quantiles", quantiles},
          {"histogram", histogram},
          {"stages", samples->stages}};
}

Json OutcomesToJson(const Explanation& explanation) {
  if (!explanation.outcomes) return nullptr;
  const OutcomeSummary& outcomes = *explanation.outcomes;
  Json json = {{"items", outcomes.items}, {"right", nullptr}};
  if (outcomes.right) {
    json["right"] = *outcomes.right;
    json["wrong"] = outcomes.judged - *outcomes.right;
  }
  Json worst = Json::array();
  for (const OutcomeSummary::Truth& truth : outcomes.worst)
    worst.push_back({{"truth", truth.truth},
                     {"wrong", truth.wrong},
                     {"items", truth.items}});
  json["worst"] = std::move(worst);
  if (const auto& flipped = explanation.flipped)
    json["flipped"] = {{"common", flipped->common},
                       {"only_baseline", flipped->only_baseline},
                       {"only_candidate", flipped->only_candidate},
                       {"lost", flipped->lost}};
  return json;
}

// One cell as `gate --json` writes it, without what stands beside it already.
Json ComparisonToJson(const ExplainedMetric& metric) {
  if (!metric.gate) return nullptr;
  GateResult alone;
  alone.cells = {*metric.gate};
  Json json = GateToJson(alone)["cells"][0];
  json["why_test"] = metric.why_test;
  json["power"] = 0.8;
  return json;
}

}  // namespace

Json ExplanationToJson(const Explanation& explanation) {
  Json metrics = Json::array();
  for (const ExplainedMetric& metric : explanation.metrics)
    metrics.push_back(
        {{"record", ParseJson(RecordToLine(metric.record), metric.record.cell)},
         {"value", OrNull(metric.record.value)},
         {"what", metric.what},
         {"source", metric.source},
         {"estimator", metric.estimator},
         {"comparison", ComparisonToJson(metric)}});
  Json differences = Json::object();
  for (const auto& [key, values] : explanation.environment_differences)
    differences[key] = {{"baseline", values.first}, {"run", values.second}};
  return {{"cell", explanation.cell},
          {"metrics", metrics},
          {"samples", SamplesToJson(explanation.samples)},
          {"outcomes", OutcomesToJson(explanation)},
          {"environment", explanation.environment},
          {"environment_differences", differences},
          {"tested", explanation.tested},
          {"repeat", explanation.repeat}};
}

}  // namespace eyechart::reports
