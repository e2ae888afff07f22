#include <chrono>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "probes/pipeline/grid_score.h"
#include "probes/pipeline/probe_result.h"

namespace eyechart::probes {
namespace {

constexpr char kOnTest[] =
    "the grid point is chosen on the test rows, as the papers do: the score is "
    "of the best of several looks at them";

std::vector<std::int64_t> CountsOf(const Targets& targets) {
  if (targets.kind != TargetKind::kClasses) return {};
  std::vector<std::int64_t> counts(static_cast<std::size_t>(targets.outputs));
  const at::Tensor values = targets.values.contiguous();
  const auto* data = values.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < targets.size(); ++i)
    ++counts[static_cast<std::size_t>(data[i])];
  return counts;
}

void WarnOfLeftOut(const ProbeSide& side, std::vector<std::string>& warnings) {
  if (side.unreadable() > 0)
    warnings.push_back(fmt::format("{}: {} unreadable pictures are left out",
                                   side.source(), side.unreadable()));
  if (side.unlabelled() > 0)
    warnings.push_back(
        fmt::format("{}: {} pictures without a label are left "
                    "out",
                    side.source(), side.unlabelled()));
}

// Zero-shot has no grid: its scores stand for one.
Fitted ZeroShot(const ProbeInput& input, const LabelSet& labels) {
  Fitted fitted;
  fitted.scores = input.zero_shot(labels.names, fitted.setting);
  GridScore score(TargetKind::kClasses, 1);
  score.Add(fitted.scores.unsqueeze(0), input.test_targets);
  fitted.grid.push_back({Json::object(), std::nullopt, score.Values().front()});
  return fitted;
}

LabelSet LabelsOf(const ProbeInput& input, const ProbeOptions& options) {
  if (input.train != nullptr)
    return MakeLabelSet(options.targets, input.train->labels(),
                        input.train->source(), input.test->labels(),
                        input.test->source());
  const std::vector<std::string> test = input.test->labels();
  const std::string source = input.test->source();
  LabelSet labels = MakeLabelSet(TargetKind::kClasses,
                                 input.classes.empty() ? test : input.classes,
                                 source, test, source);
  if (input.classes.empty()) return labels;
  // The order of the prompt file, which the texts have too.
  labels.names = input.classes;
  return labels;
}

}  // namespace

Spread SpreadOf(const std::vector<double>& values) {
  Spread spread;
  for (const double value : values) spread.mean += value;
  const auto n = static_cast<double>(values.size());
  spread.mean /= n;
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - spread.mean, 2);
  spread.deviation = std::sqrt(squares / (n - 1));
  return spread;
}

ProbeResult RunProbe(ProbeInput input,
                     const ProbeOptions& options,
                     Progress& progress) {
  RequireKnown(options);
  const auto start = std::chrono::steady_clock::now();
  ProbeResult result;
  result.protocol = &FindProtocol(options);
  result.options = options;
  result.labels = LabelsOf(input, options);
  result.warnings = result.labels.warnings;
  result.test = input.test->size();
  if (input.train != nullptr) {
    input.train_targets =
        result.labels.Of(input.train->labels(), input.train->source());
    result.train_counts = CountsOf(input.train_targets);
    WarnOfLeftOut(*input.train, result.warnings);
  }
  input.test_targets =
      result.labels.Of(input.test->labels(), input.test->source());
  WarnOfLeftOut(*input.test, result.warnings);
  const ProbeSide& features =
      input.train != nullptr ? *input.train : *input.test;
  result.features = features.store().manifest();
  if (features.second() != nullptr)
    result.second = features.second()->store().manifest();
  result.test_items_sha256 = input.test->store().manifest().items_sha256;

  for (int run = 0; run < options.runs; ++run) {
    ProbeOptions one = options;
    one.seed = options.seed + static_cast<std::uint64_t>(run);
    Fitted fitted = result.protocol->fit == nullptr
                        ? ZeroShot(input, result.labels)
                        : result.protocol->fit(input, one, progress);
    // Not of the grid's point: a head may be fitted again after the choice.
    result.run_scores.push_back(
        LeadingScore(fitted.scores, input.test_targets, result.labels));
    if (run == 0) result.fitted = std::move(fitted);
  }
  ScoredRows scored = ScoreRows(result.fitted.scores, input.test_targets,
                                result.labels, *input.test);
  result.scores = std::move(scored.scores);
  result.class_counts = std::move(scored.counts);
  result.class_accuracy = std::move(scored.class_accuracy);
  result.outcomes = std::move(scored.outcomes);
  for (const auto* warnings : {&result.fitted.warnings, &scored.warnings})
    result.warnings.insert(result.warnings.end(), warnings->begin(),
                           warnings->end());
  if (options.select == "test" && result.fitted.grid.size() > 1)
    result.warnings.emplace_back(kOnTest);
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return result;
}

}  // namespace eyechart::probes
