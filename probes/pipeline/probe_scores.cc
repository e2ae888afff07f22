#include "probes/pipeline/probe_scores.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "core/random.h"
#include "probes/heads/class_scores.h"
#include "probes/heads/label_scores.h"
#include "probes/heads/number_scores.h"
#include "probes/heads/percentile_interval.h"

namespace eyechart::probes {
namespace {

std::string Number(double value) { return fmt::format("{:.9g}", value); }

ScoredRows Classes(at::Tensor scores,
                   const Targets& targets,
                   const LabelSet& labels,
                   const ProbeSide& test) {
  // Classes that nothing was trained on score below all others.
  const auto known = static_cast<std::int64_t>(labels.names.size());
  if (scores.size(1) < known)
    scores = at::cat({scores, (scores.amin({1}, /*keepdim=*/true) - 1)
                                  .expand({-1, known - scores.size(1)})},
                     1);
  const ClassScores found = ScoreClasses(scores, targets.values);
  ScoredRows scored;
  scored.scores = {
      {"top1", found.top1, found.top1_interval},
      {"top5", found.top5, found.top5_interval},
      {"mean_per_class", found.mean_per_class, found.mean_per_class_interval}};
  if (found.top_k < 5)
    scored.warnings.push_back(fmt::format(
        "with {} classes top5 counts every picture as right", found.top_k));
  for (const ClassAccuracy& one : found.per_class) {
    scored.counts.push_back(one.items);
    scored.class_accuracy.push_back(one.accuracy);
  }
  const at::Tensor wide = scores.to(at::kDouble).contiguous();
  const auto* data = wide.const_data_ptr<double>();
  const at::Tensor values = targets.values.contiguous();
  const auto* truth = values.const_data_ptr<std::int64_t>();
  scored.outcomes =
      CsvLine({"id", "truth", "prediction", "correct", "score", "rank"});
  for (std::int64_t i = 0; i < test.size(); ++i) {
    const ItemOutcome& one = found.outcomes[static_cast<std::size_t>(i)];
    scored.outcomes += CsvLine(
        {test.id(i), labels.names[static_cast<std::size_t>(truth[i])],
         labels.names[static_cast<std::size_t>(one.prediction)],
         one.rank == 0 ? "1" : "0", Number(data[i * known + one.prediction]),
         std::to_string(one.rank + 1)});
  }
  return scored;
}

// Percentile bootstrap over pictures.
Interval MapInterval(const at::Tensor& scores, const at::Tensor& truth) {
  const BootstrapOptions options;
  std::vector<double> draws;
  Random random(options.seed);
  const auto n = static_cast<std::uint64_t>(scores.size(0));
  constexpr int kDraws = 500;  // each sorts every label anew
  for (int i = 0; i < kDraws; ++i) {
    at::Tensor index = at::empty({scores.size(0)}, at::kLong);
    auto* out = index.mutable_data_ptr<std::int64_t>();
    for (std::uint64_t k = 0; k < n; ++k)
      out[k] = static_cast<std::int64_t>(random.Below(n));
    draws.push_back(
        ScoreLabels(scores.index_select(0, index), truth.index_select(0, index))
            .mean_average_precision);
  }
  return PercentileInterval(std::move(draws), options.level,
                            "bootstrap over pictures");
}

ScoredRows Labels(const at::Tensor& scores,
                  const Targets& targets,
                  const LabelSet& labels,
                  const ProbeSide& test) {
  const LabelScores found = ScoreLabels(scores, targets.values);
  ScoredRows scored;
  scored.scores = {{"map", found.mean_average_precision,
                    MapInterval(scores, targets.values)}};
  if (found.empty_labels > 0)
    scored.warnings.push_back(fmt::format(
        "{} of {} labels stand at no test row and are left out of the mean",
        found.empty_labels, found.labels));
  for (const LabelPrecision& one : found.per_label)
    scored.counts.push_back(one.positives);
  // A sigmoid above one half is said to be there.
  const at::Tensor said = scores > 0;
  const std::vector<std::string> texts = test.labels();
  scored.outcomes = CsvLine({"id", "truth", "prediction", "correct", "score"});
  for (std::int64_t i = 0; i < test.size(); ++i) {
    std::string prediction;
    std::int64_t right = 0;
    for (std::int64_t k = 0; k < targets.outputs; ++k) {
      const bool is_said = said[i][k].item<bool>();
      if (is_said == (targets.values[i][k].item<float>() > 0)) ++right;
      if (is_said)
        prediction +=
            (prediction.empty() ? "" : std::string(1, kLabelSeparator)) +
            labels.names[static_cast<std::size_t>(k)];
    }
    scored.outcomes +=
        CsvLine({test.id(i), texts[static_cast<std::size_t>(i)], prediction,
                 right == targets.outputs ? "1" : "0",
                 Number(static_cast<double>(right) /
                        static_cast<double>(targets.outputs))});
  }
  return scored;
}

// What was said and what is, in the labels' unit.
struct RealNumbers {
  at::Tensor said;
  at::Tensor truth;
};

RealNumbers NumbersOf(const at::Tensor& scores,
                      const Targets& targets,
                      const LabelSet& labels) {
  const auto real = [&labels](const at::Tensor& standard) {
    return standard.select(1, 0).to(at::kCPU, at::kDouble) * labels.deviation +
           labels.mean;
  };
  return {real(scores), real(targets.values)};
}

ScoredRows Numbers(const at::Tensor& scores,
                   const Targets& targets,
                   const LabelSet& labels,
                   const ProbeSide& test) {
  const auto [said, truth] = NumbersOf(scores, targets, labels);
  const NumberScores found = ScoreNumbers(said, truth);
  ScoredRows scored;
  const auto add = [&scored](const char* name, const Estimate& estimate) {
    scored.scores.push_back({name, estimate.value, estimate.interval});
  };
  add("mae", found.mean_absolute_error);
  add("rmse", found.root_mean_square_error);
  add("r2", found.r2);
  scored.outcomes = CsvLine({"id", "truth", "prediction", "correct", "score"});
  const std::vector<std::string> texts = test.labels();
  for (std::int64_t i = 0; i < test.size(); ++i) {
    const double value = said[i].item<double>();
    scored.outcomes +=
        CsvLine({test.id(i), texts[static_cast<std::size_t>(i)], Number(value),
                 "", Number(std::abs(value - truth[i].item<double>()))});
  }
  return scored;
}

}  // namespace

ScoredRows ScoreRows(const at::Tensor& scores,
                     const Targets& targets,
                     const LabelSet& labels,
                     const ProbeSide& test) {
  EYECHART_CHECK(scores.dim() == 2 && scores.size(0) == test.size() &&
                     targets.size() == test.size(),
                 "{} scores for {} rows", scores.size(0), test.size());
  switch (targets.kind) {
    case TargetKind::kClasses:
      return Classes(scores, targets, labels, test);
    case TargetKind::kLabels:
      return Labels(scores, targets, labels, test);
    case TargetKind::kNumbers:
      return Numbers(scores, targets, labels, test);
  }
  return {};
}

double LeadingScore(const at::Tensor& scores,
                    const Targets& targets,
                    const LabelSet& labels) {
  EYECHART_CHECK(scores.dim() == 2 && scores.size(0) == targets.size(),
                 "{} scores for {} rows", scores.size(0), targets.size());
  const auto rows = static_cast<double>(targets.size());
  switch (targets.kind) {
    case TargetKind::kLabels:
      return ScoreLabels(scores, targets.values).mean_average_precision;
    case TargetKind::kClasses: {
      // As ScoreClasses has it: of equal scores the first is the answer.
      const at::Tensor wide = scores.to(at::kCPU, at::kDouble).contiguous();
      const at::Tensor truth = targets.values.to(at::kCPU).contiguous();
      const auto* row = wide.const_data_ptr<double>();
      const auto* is = truth.const_data_ptr<std::int64_t>();
      std::int64_t right = 0;
      for (std::int64_t i = 0; i < targets.size(); ++i, row += wide.size(1))
        right += std::max_element(row, row + wide.size(1)) - row == is[i];
      return static_cast<double>(right) / rows;
    }
    case TargetKind::kNumbers: {
      const RealNumbers numbers = NumbersOf(scores, targets, labels);
      const at::Tensor said = numbers.said.contiguous();
      const at::Tensor truth = numbers.truth.contiguous();
      double sum = 0;
      for (std::int64_t i = 0; i < targets.size(); ++i)
        sum += std::abs(said.const_data_ptr<double>()[i] -
                        truth.const_data_ptr<double>()[i]);
      return sum / rows;
    }
  }
  return 0;
}

}  // namespace eyechart::probes
