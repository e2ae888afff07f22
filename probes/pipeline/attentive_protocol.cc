// Protocol aim-attn: AIM's attentive head, 7 learning rates x 2 decays.
#include <array>

#include "core/error.h"
#include "probes/heads/attentive_grid.h"
#include "probes/pipeline/grid_training.h"

namespace eyechart::probes {
namespace {

// AIMv2, Table A2.
constexpr std::array kAttentiveRates = {5e-5, 1e-4, 2e-4, 3e-4,
                                        5e-4, 1e-3, 2e-3};
constexpr std::array kDecays = {0.05, 0.1};
constexpr double kAttentiveFloor = 1e-5;
constexpr double kClip = 3.0;
constexpr std::int64_t kAttentiveBatch = 512;  // 1024 for ImageNet
constexpr double kAttentiveEpochs = 100;

Fitted FitAttentive(const ProbeInput& input,
                    const ProbeOptions& options,
                    Progress& progress) {
  const Split split = SplitFor(input.train_targets, options,
                               kAttentiveRates.size() * kDecays.size());
  GridJob job;
  job.plan = PlanOf({"aim-attn", kAttentiveBatch, 0, 0}, kAttentiveEpochs,
                    split.fit.size(0), options);
  AttentiveGridOptions grid;
  grid.targets = input.train_targets.kind;
  grid.outputs = input.train_targets.outputs;
  grid.width = input.train->width();
  grid.heads = HeadCount(grid.width);
  grid.clip = kClip;
  grid.schedule = {job.plan.steps, job.plan.warmup, kAttentiveFloor};
  grid.seed = options.seed;
  grid.device = options.device;
  for (const double rate : kAttentiveRates) {
    for (const double decay : kDecays) {
      grid.points.push_back({rate, decay});
      job.points.push_back(
          {{{"rate", rate}, {"decay", decay}}, std::nullopt, std::nullopt});
    }
  }
  job.make = [&grid] { return CreateAttentiveGrid(grid); };
  job.single = [&grid](std::size_t point) {
    AttentiveGridOptions one = grid;
    one.points = {grid.points[point]};
    return CreateAttentiveGrid(one);
  };
  Fitted fitted = FitGrid(input, options, split, job, progress);
  fitted.head_facts = {
      {"form", "attentive"}, {"heads", grid.heads}, {"width", grid.width}};
  fitted.setting["heads"] = grid.heads;
  fitted.setting["rate_floor"] = kAttentiveFloor;
  fitted.setting["clip"] = kClip;
  return fitted;
}

}  // namespace

const Protocol kAttentiveProtocol = {
    "aim-attn",
    "attentive",
    "AIM's attention pooling; AdamW at 7 rates x 2 decays",
    "Fini et al. 2024 (AIMv2), Table A2; El-Nouby et al. 2024 (AIM)",
    true,
    false,
    true,
    FitAttentive};

}  // namespace eyechart::probes
