// Protocol dinov2-knn: cosine neighbours vote, weighted by a softmax.
#include <ATen/TensorOperators.h>

#include <algorithm>

#include "core/error.h"
#include "probes/heads/nearest_neighbours.h"
#include "probes/pipeline/grid_score.h"
#include "probes/pipeline/probe.h"

namespace eyechart::probes {
namespace {

// Scores of each k, from one search for the largest.
std::vector<at::Tensor> VotesOfEach(const ProbeOptions& options,
                                    const at::Tensor& train,
                                    const Targets& targets,
                                    const at::Tensor& test,
                                    const Targets& truth) {
  NearestOptions nearest;
  nearest.k = *std::max_element(options.k.begin(), options.k.end());
  nearest.engine = options.engine;
  nearest.temperature = options.temperature;
  nearest.device = options.device;
  const VoteUse use{targets.values, targets.outputs, options.k,
                    options.temperature, truth.values};
  const Neighbours found = FindNearest(train, test, nearest, &use);
  std::vector<at::Tensor> votes;
  for (const std::int64_t k : options.k)
    votes.push_back(VotesOf(found, targets.values, targets.outputs, k,
                            options.temperature));
  return votes;
}

Fitted FitKnn(const ProbeInput& input,
              const ProbeOptions& options,
              Progress& progress) {
  Fitted fitted;
  const at::Tensor& train = input.train->pooled();
  SplitOptions split_options;
  split_options.shots = options.shots;
  split_options.seed = options.seed;
  split_options.validation = 0;
  const at::Tensor kept = MakeSplit(input.train_targets, split_options).fit;
  const Targets targets = input.train_targets.Rows(kept);
  // In the rows' order; all of them need no copy.
  const at::Tensor bank =
      kept.size(0) == train.size(0) ? train : train.index_select(0, kept);
  progress.Begin("k-NN", 2);
  for (const std::int64_t k : options.k) {
    if (k <= bank.size(0)) continue;
    fitted.warnings.push_back(fmt::format(
        "k = {} is more than the {} training rows: all of them vote", k,
        bank.size(0)));
  }
  for (const std::int64_t k : options.k)
    fitted.grid.push_back({{{"k", k}}, std::nullopt, std::nullopt});
  const bool on_validation =
      options.k.size() > 1 && options.select == "validation";
  const bool can_choose = !on_validation || CanHoldOut(targets);
  if (!can_choose)
    fitted.warnings.push_back(fmt::format(
        "every class has one training row, which leaves none to choose k with: "
        "the first, {}, is taken",
        options.k.front()));
  if (on_validation && can_choose) {
    split_options.validation = options.validation;
    const Split split = MakeSplit(input.train_targets, split_options);
    fitted.validation = split.validation.size(0);
    const Targets truth = input.train_targets.Rows(split.validation);
    const std::vector<at::Tensor> votes =
        VotesOfEach(options, train.index_select(0, split.fit),
                    input.train_targets.Rows(split.fit),
                    train.index_select(0, split.validation), truth);
    for (std::size_t i = 0; i < votes.size(); ++i)
      fitted.grid[i].validation = ScoreOfHead(votes[i], truth);
  }
  progress.Update(1);
  // All rows vote on the test set, those too that chose k.
  const std::vector<at::Tensor> votes = VotesOfEach(
      options, bank, targets, input.test->pooled(), input.test_targets);
  for (std::size_t i = 0; i < votes.size(); ++i)
    fitted.grid[i].test = ScoreOfHead(votes[i], input.test_targets);
  progress.Update(2);
  progress.End();
  if (can_choose) fitted.selected = SelectPoint(fitted.grid, options);
  fitted.scores = votes[fitted.selected];
  fitted.fit = bank.size(0);
  fitted.setting = {{"temperature", options.temperature},
                    {"engine", options.engine}};
  if (options.engine == "exact") NoteDevice(options, fitted);
  return fitted;
}

}  // namespace

const Protocol kKnnProtocol = {
    "dinov2-knn",
    "knn",
    "cosine neighbours vote by softmax weights; k of 10, 20, 100, 200",
    "Oquab et al. 2023; dinov2/eval/knn.py",
    false,
    false,
    false,
    FitKnn};

}  // namespace eyechart::probes
