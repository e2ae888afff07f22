// Prompts and scores of classifiers, for the parity tests. Reads one JSON
// object from standard input and prints one:
//   {"do": "classes", "scores": [[...]], "labels": [...], "seed"}
//     -> {"top1", "top5", "top_k", "top1_interval", "top5_interval",
//         "mean_per_class", "mean_per_class_interval", "empty", "accuracy",
//         "predictions", "ranks"}
//   {"do": "labels", "scores": [[...]], "truth": [[...]]}
//     -> {"average_precision": [...], "mean", "empty"}
//   {"do": "numbers", "predictions": [...], "targets": [...], "seed"}
//     -> {"mae", "median", "rmse", "r2"}, each [value, low, high]
//   {"do": "zero_shot", "templates", "classes", "embeddings": {text: [...]},
//    "features": [[...]], "scale", "bias"} -> {"scores": [[...]]}
//   {"do": "prompts", "what"}
//     -> {"templates", "classes", "other_names", "sha256"} or {"error"}
// NaN is printed as null.
#include <ATen/ops/empty.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "core/json.h"
#include "probes/heads/class_scores.h"
#include "probes/heads/label_scores.h"
#include "probes/heads/number_scores.h"
#include "probes/heads/zero_shot.h"

namespace eyechart::probes {
namespace {

at::Tensor Vector(const Json& values) {
  at::Tensor made =
      at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  auto* out = made.mutable_data_ptr<double>();
  for (const Json& value : values) *out++ = value.get<double>();
  return made;
}

at::Tensor Matrix(const Json& rows) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const auto d = static_cast<std::int64_t>(rows.at(0).size());
  at::Tensor made = at::empty({n, d}, at::kDouble);
  auto* out = made.mutable_data_ptr<double>();
  for (const Json& row : rows)
    for (const Json& value : row) *out++ = value.get<double>();
  return made;
}

BootstrapOptions Options(const Json& request) {
  BootstrapOptions options;
  options.seed = request.at("seed").get<std::uint64_t>();
  return options;
}

Json Ends(const Interval& interval) { return {interval.low, interval.high}; }

Json Classes(const Json& request) {
  const ClassScores made = ScoreClasses(
      Matrix(request.at("scores")), Vector(request.at("labels")).to(at::kLong),
      Options(request));
  Json accuracy = Json::array(), predictions = Json::array(),
       ranks = Json::array();
  for (const ClassAccuracy& one : made.per_class)
    accuracy.push_back(one.accuracy);
  for (const ItemOutcome& one : made.outcomes) {
    predictions.push_back(one.prediction);
    ranks.push_back(one.rank);
  }
  return {{"top1", made.top1},
          {"top5", made.top5},
          {"top_k", made.top_k},
          {"top1_interval", Ends(made.top1_interval)},
          {"top5_interval", Ends(made.top5_interval)},
          {"mean_per_class", made.mean_per_class},
          {"mean_per_class_interval", Ends(made.mean_per_class_interval)},
          {"empty", made.empty_classes},
          {"accuracy", accuracy},
          {"predictions", predictions},
          {"ranks", ranks}};
}

Json LabelsOf(const Json& request) {
  const LabelScores made =
      ScoreLabels(Matrix(request.at("scores")), Matrix(request.at("truth")));
  Json precision = Json::array();
  for (const LabelPrecision& one : made.per_label)
    precision.push_back(one.average_precision);
  return {{"average_precision", precision},
          {"mean", made.mean_average_precision},
          {"empty", made.empty_labels}};
}

Json Numbers(const Json& request) {
  const NumberScores made =
      ScoreNumbers(Vector(request.at("predictions")),
                   Vector(request.at("targets")), Options(request));
  const auto all = [](const Estimate& one) -> Json {
    return {one.value, one.interval.low, one.interval.high};
  };
  return {{"mae", all(made.mean_absolute_error)},
          {"median", all(made.median_absolute_error)},
          {"rmse", all(made.root_mean_square_error)},
          {"r2", all(made.r2)}};
}

Json ZeroShot(const Json& request) {
  PromptFile prompts;
  prompts.templates = request.at("templates").get<std::vector<std::string>>();
  const auto embed = [&](const std::vector<std::string>& texts) {
    Json rows = Json::array();
    for (const std::string& text : texts)
      rows.push_back(request.at("embeddings").at(text));
    return Matrix(rows);
  };
  ZeroShotOptions options;
  options.batch = 7;
  const at::Tensor scores =
      ZeroShotScores(
          Matrix(request.at("features")),
          ClassEmbeddings(prompts,
                          request.at("classes").get<std::vector<std::string>>(),
                          embed, options),
          request.at("scale").get<double>(), request.at("bias").get<double>())
          .to(at::kDouble)
          .contiguous();
  Json rows = Json::array();
  const auto* data = scores.const_data_ptr<double>();
  for (std::int64_t i = 0; i < scores.size(0); ++i, data += scores.size(1))
    rows.push_back(std::vector<double>(data, data + scores.size(1)));
  return {{"scores", rows}};
}

Json Prompts(const Json& request) {
  try {
    const PromptFile made = ReadPrompts(request.at("what").get<std::string>());
    return {{"templates", made.templates},
            {"classes", made.classes},
            {"other_names", made.other_names},
            {"sha256", made.sha256}};
  } catch (const InputError& error) {
    return {{"error", error.what()}};
  }
}

Json Answer(const Json& request) {
  const auto what = request.at("do").get<std::string>();
  if (what == "classes") return Classes(request);
  if (what == "labels") return LabelsOf(request);
  if (what == "numbers") return Numbers(request);
  if (what == "zero_shot") return ZeroShot(request);
  EYECHART_REQUIRE(what == "prompts", "\"do\" is \"{}\"", what);
  return Prompts(request);
}

}  // namespace
}  // namespace eyechart::probes

int main() {
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    std::cout << eyechart::probes::Answer(
                     eyechart::ParseJson(text, "standard input"))
                     .dump()
              << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
