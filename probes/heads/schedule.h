// Learning rates over a training run.
#pragma once

#include <cstdint>

namespace eyechart::probes {

struct Schedule {
  std::int64_t steps = 0;   // of the whole run
  std::int64_t warmup = 0;  // steps of a linear rise from 0, part of `steps`
  double floor = 0;         // the rate that the cosine ends at
};

/// Rate at `step` (from 0) of a run that peaks at `peak`: a rise
/// peak (step + 1) / (warmup + 1), then floor + (peak - floor) (1 + cos(pi t))
/// / 2 with t from 0 at the first step after the rise to 1 after the last.
/// Without warm-up it is PyTorch's CosineAnnealingLR.
double RateAt(const Schedule& schedule, double peak, std::int64_t step);

}  // namespace eyechart::probes
