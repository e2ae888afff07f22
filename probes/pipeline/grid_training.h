// What the protocols that train a grid of heads have in common.
#pragma once

#include <memory>
#include <string>

#include "probes/heads/head_grid.h"
#include "probes/heads/schedule.h"
#include "probes/pipeline/probe.h"

namespace eyechart::probes {

/// How long a protocol trains.
struct GridPlan {
  std::string protocol;
  std::int64_t batch = 0;
  std::int64_t steps = 0;
  std::int64_t warmup = 0;  // steps
};

/// `plan` with options.batch, steps, epochs and warmup_epochs put in, for
/// `rows` training rows. `epochs` is the protocol's own length where its steps
/// are 0.
GridPlan PlanOf(GridPlan plan,
                double epochs,
                std::int64_t rows,
                const ProbeOptions& options);

/// Trains `grid` on the fitting rows, looks at the validation rows on the way,
/// scores all heads on the test rows and chooses one. `grid` and its settings
/// are in the same order as `points`. `make` builds the grid and `load` one of
/// a single head from its parameters, to score what was best earlier.
struct GridJob {
  GridPlan plan;
  std::vector<GridPoint> points;
  std::function<std::unique_ptr<HeadGrid>()> make;
  /// A grid of the one head `point`.
  std::function<std::unique_ptr<HeadGrid>(std::size_t point)> single;
};

Fitted FitGrid(const ProbeInput& input,
               const ProbeOptions& options,
               const Split& split,
               const GridJob& job,
               Progress& progress);

/// The split that a trained protocol uses: none where nothing is to be chosen
/// by it.
Split SplitFor(const Targets& targets,
               const ProbeOptions& options,
               std::size_t points);

/// Copies `head` into the one head of `grid`.
void LoadHead(HeadGrid& grid, const NamedTensors& head);

}  // namespace eyechart::probes
