// Protocol mof: mixtures of two encoders' tokens, A-MoF's curve and I-MoF.
#include <ATen/ops/cat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "probes/heads/attentive_grid.h"
#include "probes/mixture/mixture_grid.h"
#include "probes/mixture/token_grid.h"
#include "probes/pipeline/grid_training.h"

namespace eyechart::probes {
namespace {

constexpr std::array kMixtureRates = {1e-4, 5e-4, 2e-3};
constexpr double kDecay = 0.05;
constexpr double kMixtureFloor = 1e-5;
constexpr std::int64_t kMixtureBatch = 512;
constexpr double kMixtureEpochs = 100;

std::vector<MixturePoint> PointsOf(const ProbeOptions& options) {
  std::vector<MixturePoint> points;
  for (const bool attentive : {true, false}) {
    for (const double alpha : options.alphas)
      for (const double rate : kMixtureRates)
        points.push_back({false, alpha, attentive, rate, kDecay});
    for (const double rate : kMixtureRates)
      points.push_back({true, 0.5, attentive, rate, kDecay});
  }
  return points;
}

Json SettingOf(const MixturePoint& point) {
  Json setting = {{"mixture", point.interleaved ? "interleaved" : "additive"},
                  {"read_out", point.attentive ? "attentive" : "linear"},
                  {"rate", point.rate}};
  if (!point.interleaved) setting["alpha"] = point.alpha;
  return setting;
}

Fitted FitMixture(const ProbeInput& input,
                  const ProbeOptions& options,
                  Progress& progress) {
  EYECHART_CHECK(input.train->second() != nullptr, "a mixture of one encoder");
  const std::vector<MixturePoint> points = PointsOf(options);
  const Split split = SplitFor(input.train_targets, options, points.size());
  GridJob job;
  job.plan = PlanOf({"mof", kMixtureBatch, 0, 0}, kMixtureEpochs,
                    split.fit.size(0), options);
  MixtureGridOptions grid;
  grid.points = points;
  grid.targets = input.train_targets.kind;
  grid.outputs = input.train_targets.outputs;
  grid.first_width = input.train->width();
  grid.second_width = input.train->second()->width();
  grid.width = options.adapter > 0
                   ? options.adapter
                   : std::min(grid.first_width, grid.second_width);
  grid.heads = HeadCount(grid.width);
  grid.schedule = {job.plan.steps, job.plan.warmup, kMixtureFloor};
  grid.seed = options.seed;
  grid.device = options.device;
  for (const MixturePoint& point : points)
    job.points.push_back({SettingOf(point), std::nullopt, std::nullopt});
  job.make = [&grid] { return CreateMixtureGrid(grid); };
  job.single = [&grid](std::size_t point) {
    MixtureGridOptions one = grid;
    one.points = {grid.points[point]};
    return CreateMixtureGrid(one);
  };
  Fitted fitted = FitGrid(input, options, split, job, progress);
  const MixturePoint& chosen = points[fitted.selected];
  fitted.head_facts = {{"form", "mixture"},
                       {"heads", grid.heads},
                       {"first_width", grid.first_width},
                       {"second_width", grid.second_width},
                       {"width", grid.width},
                       {"interleaved", chosen.interleaved},
                       {"alpha", chosen.alpha},
                       {"attentive", chosen.attentive}};
  fitted.setting["adapter"] = grid.width;
  fitted.setting["heads"] = grid.heads;
  fitted.setting["rate_floor"] = kMixtureFloor;
  return fitted;
}

}  // namespace

const Protocol kMixtureProtocol = {
    "mof",
    "mixture",
    "tokens of two encoders behind adapters, added by a share or interleaved",
    "Tong et al. 2024 (MMVP), section 5; no language model behind",
    true,
    false,
    true,
    FitMixture};

}  // namespace eyechart::probes
