// Single steps of the read-outs, for the parity tests. Reads one JSON object
// from standard input and prints one:
//   {"do": "psychometric", "guess", "rows": [[strength, correct, trials], ...]}
//     -> {"lapse", "location", "slope", "log_likelihood"}
//   {"do": "logistic", "train": [[...]], "labels": [...], "test": [[...]],
//    "classes", "c"} -> {"shares": [[...]]}
//   {"do": "knn", "train", "labels", "test", "classes", "k", "temperature"}
//     -> {"votes": [[...]]}
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/psychometric.h"
#include "probes/heads/logistic.h"
#include "probes/heads/nearest_neighbours.h"

namespace eyechart::probes {
namespace {

at::Tensor Matrix(const Json& rows) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const auto d = static_cast<std::int64_t>(rows.at(0).size());
  at::Tensor matrix = at::empty({n, d}, at::kFloat);
  auto* out = matrix.mutable_data_ptr<float>();
  for (const Json& row : rows)
    for (const Json& value : row) *out++ = value.get<float>();
  return matrix;
}

at::Tensor Labels(const Json& values) {
  at::Tensor labels =
      at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  auto* out = labels.mutable_data_ptr<std::int64_t>();
  for (const Json& value : values) *out++ = value.get<std::int64_t>();
  return labels;
}

Json Rows(const at::Tensor& matrix) {
  const at::Tensor values = matrix.to(at::kDouble).contiguous();
  Json rows = Json::array();
  const auto* data = values.const_data_ptr<double>();
  for (std::int64_t i = 0; i < values.size(0); ++i, data += values.size(1))
    rows.push_back(std::vector<double>(data, data + values.size(1)));
  return rows;
}

Json Psychometric(const Json& request) {
  std::vector<StrengthTrials> data;
  for (const Json& row : request.at("rows"))
    data.push_back({row[0].get<double>(), row[1].get<std::int64_t>(),
                    row[2].get<std::int64_t>()});
  const PsychometricFunction found =
      FitPsychometric(data, request.at("guess").get<double>());
  return {{"lapse", found.lapse},
          {"location", found.location},
          {"slope", found.slope},
          {"log_likelihood", found.log_likelihood}};
}

Json Answer(const Json& request) {
  const auto what = request.at("do").get<std::string>();
  if (what == "psychometric") return Psychometric(request);
  const at::Tensor train = Matrix(request.at("train"));
  const at::Tensor test = Matrix(request.at("test"));
  const at::Tensor labels = Labels(request.at("labels"));
  const auto classes = request.at("classes").get<std::int64_t>();
  if (what == "knn")
    return {{"votes",
             Rows(NearestVotes(train, labels, test, classes,
                               {request.at("k").get<std::int64_t>(),
                                request.at("temperature").get<double>()}))}};
  LogisticOptions options;
  options.c = request.at("c").get<double>();
  const LogisticReadOut fitted =
      LogisticReadOut::Fit(train, labels, classes, options);
  return {{"shares", Rows(at::softmax(fitted.Scores(test), 1))}};
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
