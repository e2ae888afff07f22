#include "probes/acuity/acuity.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"
#include "core/interval_json.h"
#include "core/random.h"
#include "probes/heads/logistic.h"
#include "probes/heads/nearest_neighbours.h"

namespace eyechart::probes {
namespace {

// Groups of the training pictures that choose the penalty: one in four.
constexpr std::int64_t kValidationStride = 4;

// Neighbours that vote. Read-outs are trained on few pictures: with DINOv2's 20
// of 192 two classes would meet in every neighbourhood.
constexpr std::int64_t kNeighbours = 10;

at::Tensor Select(const at::Tensor& tensor,
                  const std::vector<std::int64_t>& rows) {
  at::Tensor index =
      at::empty({static_cast<std::int64_t>(rows.size())}, at::kLong);
  std::copy(rows.begin(), rows.end(), index.mutable_data_ptr<std::int64_t>());
  return tensor.index_select(0, index);
}

struct Split {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

Split RowsOf(const ChartPictures& pictures, std::size_t step) {
  Split split;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const ChartItem& place = pictures.place(i);
    if (place.step != step) continue;
    (place.test ? split.test : split.train)
        .push_back(static_cast<std::int64_t>(i));
  }
  return split;
}

at::Tensor LabelsOf(const ChartPictures& pictures,
                    const std::vector<std::int64_t>& rows) {
  at::Tensor labels =
      at::empty({static_cast<std::int64_t>(rows.size())}, at::kLong);
  auto* out = labels.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t row : rows)
    *out++ = pictures.place(static_cast<std::size_t>(row)).label;
  return labels;
}

at::Tensor ValidationOf(const ChartPictures& pictures,
                        const std::vector<std::int64_t>& rows) {
  at::Tensor held =
      at::zeros({static_cast<std::int64_t>(rows.size())}, at::kBool);
  auto* out = held.mutable_data_ptr<bool>();
  for (const std::int64_t row : rows)
    *out++ = pictures.place(static_cast<std::size_t>(row)).group %
                 kValidationStride ==
             kValidationStride - 1;
  return held;
}

at::Tensor Answer(const Chart& chart,
                  const ChartPictures& pictures,
                  const at::Tensor& features,
                  const Split& split,
                  ReadOut read_out) {
  const auto classes = static_cast<std::int64_t>(chart.classes.size());
  const at::Tensor train = Select(features, split.train);
  const at::Tensor test = Select(features, split.test);
  const at::Tensor labels = LabelsOf(pictures, split.train);
  if (read_out == ReadOut::kNearest)
    return NearestVotes(train, labels, test, classes, {kNeighbours, 0.07})
        .argmax(1);
  return FitSelected(train, labels, classes,
                     ValidationOf(pictures, split.train), kPenaltyGrid)
      .Scores(test)
      .argmax(1);
}

// Share right over all strengths, groups drawn as for the threshold.
Interval AccuracyInterval(std::span<const StrengthGroups> data,
                          const ThresholdOptions& options) {
  const std::size_t groups = data[0].correct.size();
  std::vector<double> right(groups, 0);
  double trials = 0;
  for (const StrengthGroups& row : data) {
    for (std::size_t g = 0; g < groups; ++g)
      right[g] += static_cast<double>(row.correct[g]);
    trials += static_cast<double>(row.group_size) * static_cast<double>(groups);
  }
  Random random(options.seed, 1);
  std::vector<double> shares;
  for (int i = 0; i < options.resamples; ++i) {
    double sum = 0;
    for (std::size_t g = 0; g < groups; ++g) sum += right[random.Below(groups)];
    shares.push_back(sum / trials);
  }
  std::sort(shares.begin(), shares.end());
  const auto at = [&](double share) {
    return shares[static_cast<std::size_t>(
        share * static_cast<double>(shares.size() - 1) + 0.5)];
  };
  return {at((1 - options.level) / 2), at((1 + options.level) / 2),
          options.level, "bootstrap over groups"};
}

}  // namespace

std::string_view ReadOutName(ReadOut read_out) {
  return read_out == ReadOut::kLinear ? "linear" : "knn";
}

ReadOut ParseReadOut(const std::string& name) {
  if (name == "linear") return ReadOut::kLinear;
  if (name == "knn") return ReadOut::kNearest;
  ThrowInput("read-out \"{}\" is not known; there are linear and knn", name);
}

void RequireTrainable(const Chart& chart,
                      const ChartOptions& options,
                      ReadOut read_out) {
  if (read_out != ReadOut::kLinear) return;
  const auto classes = static_cast<std::int64_t>(chart.classes.size());
  const std::int64_t groups = (options.train + classes - 1) / classes;
  EYECHART_REQUIRE(groups >= kValidationStride,
                   "eye chart {}: {} pictures a step to train on; the linear "
                   "read-out wants at least {}",
                   chart.name, options.train,
                   (kValidationStride - 1) * classes + 1);
}

Acuity MeasureAcuity(const Chart& chart,
                     const ChartPictures& pictures,
                     int size,
                     const at::Tensor& features,
                     ReadOut read_out,
                     const ThresholdOptions& options) {
  EYECHART_CHECK(
      features.dim() == 2 &&
          features.size(0) == static_cast<std::int64_t>(pictures.size()),
      "{} rows of features, {} pictures", features.size(0), pictures.size());
  Acuity acuity;
  acuity.chart = &chart;
  acuity.read_out = read_out;
  acuity.predictions.assign(pictures.size(), -1);
  std::vector<StrengthGroups> data;
  std::int64_t right = 0;
  std::int64_t trials = 0;
  for (std::size_t step = 0; step < chart.strengths.size(); ++step) {
    const Split split = RowsOf(pictures, step);
    const at::Tensor answers =
        Answer(chart, pictures, features, split, read_out);
    StrengthGroups row{chart.StrengthAt(step, size),
                       static_cast<std::int64_t>(chart.classes.size()),
                       {}};
    AcuityPoint point;
    point.strength = row.strength;
    const auto* answer = answers.const_data_ptr<std::int64_t>();
    for (const std::int64_t index : split.test) {
      const auto i = static_cast<std::size_t>(index);
      const ChartItem& place = pictures.place(i);
      row.correct.resize(static_cast<std::size_t>(place.group) + 1, 0);
      acuity.predictions[i] = *answer;
      const bool correct = *answer++ == place.label;
      row.correct.back() += correct ? 1 : 0;
      point.correct += correct ? 1 : 0;
      ++point.trials;
    }
    point.ci = WilsonInterval(point.correct, point.trials, options.level);
    right += point.correct;
    trials += point.trials;
    acuity.points.push_back(point);
    data.push_back(std::move(row));
  }
  acuity.fit = MeasureThreshold(data, chart.guess(), options);
  acuity.accuracy = static_cast<double>(right) / static_cast<double>(trials);
  acuity.accuracy_ci = AccuracyInterval(data, options);
  return acuity;
}

Json AcuityJson(const Acuity& acuity, int patch_size) {
  Json points = Json::array();
  for (const AcuityPoint& point : acuity.points)
    points.push_back({{"strength", point.strength},
                      {"correct", point.correct},
                      {"trials", point.trials},
                      {"low", point.ci.low},
                      {"high", point.ci.high}});
  const PsychometricFunction& function = acuity.fit.function;
  const Threshold& threshold = acuity.fit.threshold;
  Json patches = nullptr;
  if (acuity.chart->pixels && threshold.strength && patch_size > 0)
    patches = *threshold.strength / patch_size;
  return {{"schema", 1},
          {"chart", acuity.chart->name},
          {"unit", acuity.chart->unit},
          {"read_out", ReadOutName(acuity.read_out)},
          {"guess", acuity.chart->guess()},
          {"target", ThresholdOptions().target},
          {"patch_size", patch_size},
          {"points", points},
          {"function",
           {{"guess", function.guess},
            {"lapse", function.lapse},
            {"location", function.location},
            {"slope", function.slope}}},
          {"threshold",
           {{"place", ThresholdPlaceName(threshold.place)},
            {"strength", OrNull(threshold.strength)},
            {"low", OrNull(threshold.low)},
            {"high", OrNull(threshold.high)},
            {"level", threshold.level}}},
          {"threshold_patches", patches},
          {"accuracy", acuity.accuracy}};
}

}  // namespace eyechart::probes
