// Protocol dinov2-linear: linear heads at 13 learning rates on the last one or
// four blocks, with and without the mean patch.
#include <array>

#include "core/error.h"
#include "probes/heads/linear_grid.h"
#include "probes/pipeline/grid_training.h"

namespace eyechart::probes {
namespace {

constexpr std::array kLinearRates = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3,
                                     2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1};
constexpr std::int64_t kLinearBatch = 128;
constexpr std::int64_t kSteps = 12500;  // 10 "epochs" of 1250
constexpr double kRateBatch = 256;      // rates are for batches of this size

// What a head reads of a row.
struct Reading {
  std::int64_t blocks = 1;
  bool mean = false;
  Columns columns;
};

// The choices that a store's features offer.
std::vector<Reading> ReadingsOf(const data::StoreManifest& manifest) {
  const auto parts = static_cast<std::int64_t>(manifest.parts.size());
  if (parts == 0) return {{1, manifest.pool == "mean", {0, manifest.dim}}};
  const std::int64_t width = manifest.dim / parts;
  const bool mean = manifest.parts.back() == "mean";
  const std::int64_t blocks = mean ? parts - 1 : parts;
  std::vector<Reading> readings;
  for (const std::int64_t used : {std::int64_t{1}, blocks}) {
    const Columns columns{(blocks - used) * width, used * width};
    readings.push_back({used, false, columns});
    if (mean)
      readings.push_back({used, true, {columns.begin, columns.count + width}});
    if (blocks == 1) break;
  }
  return readings;
}

Fitted FitLinear(const ProbeInput& input,
                 const ProbeOptions& options,
                 Progress& progress) {
  const std::vector<Reading> readings =
      ReadingsOf(input.train->store().manifest());
  const Split split = SplitFor(input.train_targets, options,
                               readings.size() * kLinearRates.size());
  GridJob job;
  job.plan = PlanOf({"dinov2-linear", kLinearBatch, kSteps, 0}, 0,
                    split.fit.size(0), options);
  LinearGridOptions grid;
  grid.targets = input.train_targets.kind;
  grid.outputs = input.train_targets.outputs;
  grid.schedule = {job.plan.steps, job.plan.warmup, 0};
  grid.seed = options.seed;
  grid.device = options.device;
  const double scale = static_cast<double>(job.plan.batch) / kRateBatch;
  for (const Reading& reading : readings) {
    for (const double rate : kLinearRates) {
      grid.points.push_back({reading.columns, rate * scale});
      job.points.push_back({{{"rate", rate},
                             {"blocks", reading.blocks},
                             {"mean_patch", reading.mean}},
                            std::nullopt,
                            std::nullopt});
    }
  }
  job.make = [&grid] { return CreateLinearGrid(grid); };
  job.single = [&grid](std::size_t point) {
    LinearGridOptions one = grid;
    one.points = {grid.points[point]};
    return CreateLinearGrid(one);
  };
  Fitted fitted = FitGrid(input, options, split, job, progress);
  const Columns& columns = grid.points[fitted.selected].columns;
  fitted.head_facts = {{"form", "linear"},
                       {"columns", {columns.begin, columns.count}}};
  fitted.setting["rate_batch"] = kRateBatch;
  return fitted;
}

}  // namespace

const Protocol kLinearProtocol = {
    "dinov2-linear",
    "linear",
    "SGD at 13 rates x last 1 or 4 blocks x with or without the mean patch",
    "Oquab et al. 2023; dinov2/eval/linear.py",
    false,
    true,
    true,
    FitLinear};

}  // namespace eyechart::probes
