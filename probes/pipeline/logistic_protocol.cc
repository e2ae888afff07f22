// Protocol clip-logreg: L2 logistic regression, C by a sweep on validation
// rows, fitted again on all.
#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>

#include "core/error.h"
#include "probes/heads/logistic_solver.h"
#include "probes/pipeline/grid_score.h"
#include "probes/pipeline/grid_training.h"

namespace eyechart::probes {
namespace {

LogisticTargets TargetsFor(const Targets& targets, const std::string& source) {
  if (targets.kind == TargetKind::kClasses)
    return ClassTargets(targets.values, targets.outputs);
  const at::Tensor counts = targets.values.sum(0);
  const at::Tensor one_sided =
      ((counts == 0) | (counts == targets.size())).nonzero().flatten();
  EYECHART_REQUIRE(
      one_sided.numel() == 0,
      "{}: label {} of {} stands at every fitting row or at none, "
      "so that nothing separates it; give more rows or leave it "
      "out",
      source, one_sided.numel() > 0 ? one_sided[0].item<std::int64_t>() : 0,
      targets.outputs);
  return LabelTargets(targets.values);
}

double Score(const LogisticSolution& solution,
             const at::Tensor& features,
             const Targets& targets) {
  const at::Tensor scores =
      at::matmul(features.to(at::kDouble), solution.weights) + solution.bias;
  return ScoreOfHead(scores, targets);
}

Fitted FitLogistic(const ProbeInput& input,
                   const ProbeOptions& options,
                   Progress& progress) {
  const std::vector<double> grid = DefaultLogisticGrid();
  const at::Tensor& all = input.train->pooled();
  const Split split = SplitFor(input.train_targets, options, grid.size());
  const Targets fit_targets = input.train_targets.Rows(split.fit);
  const Targets held = input.train_targets.Rows(split.validation);
  Fitted fitted;
  fitted.validation = split.validation.size(0);
  int unfinished = 0;
  progress.Begin("logistic regression",
                 static_cast<std::int64_t>(grid.size()) + 1);

  SplitOptions everything;
  everything.shots = options.shots;
  everything.seed = options.seed;
  everything.validation = 0;
  const at::Tensor kept = MakeSplit(input.train_targets, everything).fit;
  const LogisticRows rows = PrepareLogistic(all.index_select(0, split.fit));
  LogisticPath path(rows, TargetsFor(fit_targets, input.train->source()));
  const at::Tensor held_rows = all.index_select(0, split.validation);
  for (const double c : grid) {
    const LogisticSolution solution = path.Solve(c);
    if (!solution.converged) ++unfinished;
    GridPoint point;
    point.setting = {{"c", c},
                     {"iterations", solution.iterations},
                     {"converged", solution.converged}};
    if (fitted.validation > 0)
      point.validation = Score(solution, held_rows, held);
    point.test = Score(solution, input.test->pooled(), input.test_targets);
    fitted.grid.push_back(std::move(point));
    progress.Update(static_cast<std::int64_t>(fitted.grid.size()));
  }
  fitted.selected = SelectPoint(fitted.grid, options);
  const double c = grid[fitted.selected];
  // Fitted again on all rows that are there, those too that chose.
  LogisticPath again(
      PrepareLogistic(all.index_select(0, kept)),
      TargetsFor(input.train_targets.Rows(kept), input.train->source()));
  LogisticSolution solution;
  for (std::size_t i = 0; i <= fitted.selected; i += 8)
    solution = again.Solve(grid[i]);
  solution = again.Solve(c);
  if (!solution.converged) ++unfinished;
  progress.End();
  fitted.fit = kept.size(0);
  fitted.scores =
      at::matmul(input.test->pooled().to(at::kDouble), solution.weights) +
      solution.bias;
  fitted.head = {{"weight", solution.weights.t().contiguous()},
                 {"bias", solution.bias}};
  fitted.head_facts = {{"form", "linear"}, {"columns", {0, all.size(1)}}};
  fitted.setting = {{"refitted", true}};
  if (unfinished > 0)
    fitted.warnings.push_back(fmt::format(
        "{} of {} fits stopped before their gradient was within the "
        "tolerance",
        unfinished, grid.size() + 1));
  return fitted;
}

}  // namespace

const Protocol kLogisticProtocol = {
    "clip-logreg",
    "linear",
    "L2 logistic regression at 45 values of C, fitted again on all rows",
    "Radford et al. 2021, 3.2; dinov2/eval/log_regression.py",
    false,
    false,
    true,
    FitLogistic};

}  // namespace eyechart::probes
