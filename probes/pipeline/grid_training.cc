#include "probes/pipeline/grid_training.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/tensor_file.h"
#include "probes/pipeline/device_rows.h"
#include "probes/pipeline/grid_score.h"

namespace eyechart::probes {
namespace {

// Rows scored at a time.
constexpr std::int64_t kGridRows = 256;

// Calls f(x, targets) for side rows `index` in order, a few at a time.
template <typename F>
void ForChunks(DeviceRows& rows,
               const at::Tensor& index,
               const Targets& targets,
               const F& f) {
  for (std::int64_t begin = 0; begin < index.size(0); begin += kGridRows) {
    ThrowIfInterrupted();
    const std::int64_t n = std::min(kGridRows, index.size(0) - begin);
    f(rows.Load(index.narrow(0, begin, n)),
      Targets{targets.kind, targets.values.narrow(0, begin, n),
              targets.outputs});
  }
}

std::vector<double> ScoresOf(const HeadGrid& grid,
                             DeviceRows& rows,
                             const at::Tensor& index,
                             const Targets& targets) {
  GridScore score(targets.kind, grid.size());
  StepThrottle throttle;
  ForChunks(rows, index, targets, [&](const at::Tensor& x, const Targets& y) {
    const at::Tensor scores = grid.Scores(x);
    score.Add(scores, y);
    throttle.Mark(scores.device());
  });
  return score.Values();
}

// All that the weights depend on: a checkpoint of anything else is refused.
std::string Identity(const ProbeInput& input,
                     const ProbeOptions& options,
                     const Split& split,
                     const GridJob& job) {
  const data::StoreManifest& manifest = input.train->store().manifest();
  Json grid = Json::array();
  for (const GridPoint& point : job.points) grid.push_back(point.setting);
  Json identity = {{"items", manifest.items_sha256},
                   {"weights", manifest.weights_sha256},
                   {"preprocess", manifest.preprocess_sha256},
                   {"pool", manifest.pool},
                   {"protocol", job.plan.protocol},
                   {"grid", grid},
                   {"batch", job.plan.batch},
                   {"steps", job.plan.steps},
                   {"warmup", job.plan.warmup},
                   {"looks", options.looks},
                   {"keep_best", options.keep_best},
                   {"augment", options.augment},
                   {"seed", options.seed},
                   {"fit", split.fit.size(0)},
                   {"validation", split.validation.size(0)}};
  // Weights go on to the same bits on the same device only.
  if (!options.device.is_cpu())
    identity["device"] =
        c10::DeviceTypeName(options.device.type(), /*lower_case=*/true);
  return identity.dump();
}

}  // namespace

GridPlan PlanOf(GridPlan plan,
                double epochs,
                std::int64_t rows,
                const ProbeOptions& options) {
  if (options.batch > 0) plan.batch = options.batch;
  plan.batch = std::min(plan.batch, rows);
  const double a_epoch =
      static_cast<double>(rows) / static_cast<double>(plan.batch);
  if (options.steps > 0) {
    plan.steps = options.steps;
  } else if (options.epochs > 0 || plan.steps == 0) {
    plan.steps = std::max<std::int64_t>(
        1,
        std::llround((options.epochs > 0 ? options.epochs : epochs) * a_epoch));
  }
  plan.warmup = std::llround(options.warmup_epochs * a_epoch);
  EYECHART_REQUIRE(plan.warmup < plan.steps,
                   "--warmup-epochs {}: as long as the whole training of {} "
                   "steps",
                   options.warmup_epochs, plan.steps);
  return plan;
}

Split SplitFor(const Targets& targets,
               const ProbeOptions& options,
               std::size_t points) {
  SplitOptions split;
  split.shots = options.shots;
  split.seed = options.seed;
  const bool chooses = points > 1 && options.select == "validation";
  split.validation = chooses || options.keep_best ? options.validation : 0;
  EYECHART_REQUIRE(
      split.validation > 0 || !(chooses || options.keep_best),
      "--validation 0: {} grid points are to be chosen among and there are no "
      "rows to do it by; --select test chooses on the test rows",
      points);
  return MakeSplit(targets, split);
}

void LoadHead(HeadGrid& grid, const NamedTensors& head) {
  const NamedTensors state = grid.State();
  for (const auto& [name, tensor] : head) {
    bool found = false;
    for (const auto& [known, place] : state) {
      // A linear grid of one group calls its weight "0.weight".
      if (known != name && known != "0." + name) continue;
      place.view_as(tensor).copy_(tensor);
      found = true;
    }
    EYECHART_CHECK(found, "a head's {} has no place", name);
  }
}

Fitted FitGrid(const ProbeInput& input,
               const ProbeOptions& options,
               const Split& split,
               const GridJob& job,
               Progress& progress) {
  Fitted fitted;
  fitted.grid = job.points;
  fitted.fit = split.fit.size(0);
  fitted.validation = split.validation.size(0);
  fitted.setting = {{"batch", job.plan.batch}, {"steps", job.plan.steps}};
  if (job.plan.warmup > 0) fitted.setting["warmup_steps"] = job.plan.warmup;
  if (options.keep_best) fitted.setting["keep"] = "best";
  if (input.live) fitted.setting["augmentation"] = input.augmentation;

  NoteDevice(options, fitted);
  DeviceRows train_rows(*input.train, options.device);
  DeviceRows test_rows(*input.test, options.device);
  const std::unique_ptr<HeadGrid> grid = job.make();
  const Targets fit_targets = input.train_targets.Rows(split.fit);
  std::unique_ptr<BatchSource> source;
  if (input.live)
    source = input.live(split.fit, fit_targets, options.seed);
  else
    source = std::make_unique<RowSource>(train_rows, split.fit, fit_targets);
  Validate validate;
  const Targets held = input.train_targets.Rows(split.validation);
  if (fitted.validation > 0)
    validate = [&](const HeadGrid& heads) {
      return ScoresOf(heads, train_rows, split.validation, held);
    };
  TrainOptions train;
  train.steps = job.plan.steps;
  train.batch = job.plan.batch;
  train.seed = options.seed;
  train.look_every = std::max<std::int64_t>(1, job.plan.steps / options.looks);
  train.keep_best = options.keep_best;
  train.identity = Identity(input, options, split, job);
  if (!options.state.empty())
    train.checkpoint =
        options.state /
        fmt::format("{}-{}.safetensors", job.plan.protocol, options.seed);
  TrainResult trained = TrainGrid(*grid, *source, validate, train, progress);
  fitted.curve = std::move(trained.curve);

  // The heads as they are kept, each scored on the test rows.
  const at::Tensor all = at::arange(input.test->size(), at::kLong);
  std::vector<double> test;
  if (options.keep_best) {
    for (std::size_t g = 0; g < job.points.size(); ++g) {
      const std::unique_ptr<HeadGrid> one = job.single(g);
      LoadHead(*one, trained.best[g]);
      test.push_back(
          ScoresOf(*one, test_rows, all, input.test_targets).front());
      const CurvePoint& look =
          fitted.curve[static_cast<std::size_t>(trained.best_look[g])];
      fitted.grid[g].validation = look.validation[g];
      fitted.grid[g].setting["step"] = look.step;
    }
  } else {
    test = ScoresOf(*grid, test_rows, all, input.test_targets);
    for (std::size_t g = 0; g < job.points.size(); ++g)
      if (fitted.validation > 0)
        fitted.grid[g].validation = fitted.curve.back().validation[g];
  }
  for (std::size_t g = 0; g < job.points.size(); ++g)
    fitted.grid[g].test = test[g];
  fitted.selected = SelectPoint(fitted.grid, options);
  fitted.head = options.keep_best
                    ? trained.best[fitted.selected]
                    : grid->Head(static_cast<std::int64_t>(fitted.selected));
  const std::unique_ptr<HeadGrid> chosen = job.single(fitted.selected);
  LoadHead(*chosen, fitted.head);
  std::vector<at::Tensor> scores;
  ForChunks(test_rows, all, input.test_targets,
            [&](const at::Tensor& x, const Targets&) {
              scores.push_back(chosen->Scores(x)[0].cpu());
            });
  fitted.scores = at::cat(scores);
  return fitted;
}

}  // namespace eyechart::probes
