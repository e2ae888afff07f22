#include <cmath>

#include "probes/pipeline/grid_score.h"
#include "probes/pipeline/probe_result.h"

namespace eyechart::probes {
namespace {

Json CiJson(const std::optional<Interval>& ci) {
  if (!ci) return nullptr;
  return {{"low", ci->low},
          {"high", ci->high},
          {"level", ci->level},
          {"method", ci->method}};
}

Json Finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

// A score that is greater where it is better, in the labels' unit.
Json InUnit(const std::optional<double>& score, const LabelSet& labels) {
  if (!score) return nullptr;
  if (labels.kind == TargetKind::kNumbers)
    return Finite(-*score * labels.deviation);
  return Finite(*score);
}

Json PointJson(const GridPoint& point, const LabelSet& labels) {
  const std::string name = ScoreName(labels.kind);
  Json json = point.setting;
  json["validation_" + name] = InUnit(point.validation, labels);
  json["test_" + name] = InUnit(point.test, labels);
  return json;
}

// The accuracy against alpha, each point at its best rate.
Json MixtureCurve(const ProbeResult& result) {
  Json curve = Json::array();
  const std::vector<GridPoint>& grid = result.fitted.grid;
  for (std::size_t i = 0; i < grid.size();) {
    const auto same = [&](const GridPoint& other) {
      for (const char* key : {"mixture", "read_out", "alpha"})
        if (other.setting.value(key, Json()) !=
            grid[i].setting.value(key, Json()))
          return false;
      return true;
    };
    std::size_t end = i;
    std::vector<GridPoint> points;
    while (end < grid.size() && same(grid[end])) points.push_back(grid[end++]);
    const GridPoint& best = points[SelectPoint(points, result.options)];
    Json row = PointJson(best, result.labels);
    if (result.labels.kind == TargetKind::kClasses && best.test)
      row["ci"] = CiJson(WilsonInterval(
          std::llround(*best.test * static_cast<double>(result.test)),
          result.test));
    curve.push_back(std::move(row));
    i = end;
  }
  return curve;
}

Json CurveJson(const ProbeResult& result) {
  Json curve = Json::array();
  for (const CurvePoint& point : result.fitted.curve) {
    Json row = {{"step", point.step}, {"loss", Json::array()}};
    for (const double loss : point.loss) row["loss"].push_back(Finite(loss));
    if (!point.validation.empty()) {
      Json& scores = row["validation_" + ScoreName(result.labels.kind)];
      scores = Json::array();
      for (const double score : point.validation)
        scores.push_back(InUnit(score, result.labels));
    }
    curve.push_back(std::move(row));
  }
  return curve;
}

Json ClassesJson(const ProbeResult& result) {
  Json classes = Json::array();
  for (std::size_t i = 0; i < result.labels.names.size(); ++i) {
    Json row = {{"name", result.labels.names[i]}};
    if (i < result.train_counts.size()) row["train"] = result.train_counts[i];
    if (i < result.class_counts.size()) row["test"] = result.class_counts[i];
    if (i < result.class_accuracy.size())
      row["accuracy"] = Finite(result.class_accuracy[i]);
    classes.push_back(std::move(row));
  }
  return classes;
}

}  // namespace

Json ProbeToJson(const ProbeResult& result) {
  const Fitted& fitted = result.fitted;
  const ProbeOptions& options = result.options;
  Json selected = PointJson(fitted.grid[fitted.selected], result.labels);
  selected["index"] = fitted.selected;
  const bool chosen = fitted.grid.size() > 1 &&
                      (options.select == "test" || fitted.validation > 0);
  selected["split"] = chosen ? options.select : "none";
  Json grid = Json::array();
  for (const GridPoint& point : fitted.grid)
    grid.push_back(PointJson(point, result.labels));
  const Spread spread = SpreadOf(result.run_scores);
  std::vector<std::uint64_t> seeds;
  for (std::size_t i = 0; i < result.run_scores.size(); ++i)
    seeds.push_back(options.seed + i);
  Json json = {
      {"schema", 1},
      {"command", "probe"},
      {"kind", result.protocol->kind},
      {"protocol", result.protocol->name},
      {"augment", options.augment},
      {"device", ProbeDevice(fitted)},
      {"targets", TargetKindName(result.labels.kind)},
      {"train", fitted.fit},
      {"validation", fitted.validation},
      {"test", result.test},
      {"classes", result.labels.names.size()},
      {"select", options.select},
      {"shots", options.shots},
      {"seed", options.seed},
      {"setting", fitted.setting},
      {"selected", selected},
      {"grid", grid},
      {"runs",
       {{"seeds", seeds},
        {"scores", result.run_scores},
        {"mean", spread.mean},
        {"deviation", result.run_scores.size() > 1 ? Json(spread.deviation)
                                                   : Json(nullptr)}}},
      {"per_class", ClassesJson(result)},
      {"features",
       {{"model", result.features.model},
        {"family", result.features.family},
        {"pool", result.features.pool},
        {"dim", result.features.dim},
        {"weights_sha256", result.features.weights_sha256},
        {"preprocess_sha256", result.features.preprocess_sha256}}},
      {"seconds", result.seconds},
      {"warnings", result.warnings}};
  for (const ProbeScore& score : result.scores)
    json[score.metric] = Finite(score.value);
  json["ci"] =
      result.scores.empty() ? Json(nullptr) : CiJson(result.scores.front().ci);
  if (!fitted.curve.empty()) json["curve"] = CurveJson(result);
  if (result.second) {
    json["second"] = {{"model", result.second->model},
                      {"family", result.second->family},
                      {"weights_sha256", result.second->weights_sha256}};
    json["mixture"] = MixtureCurve(result);
  }
  return json;
}

}  // namespace eyechart::probes
