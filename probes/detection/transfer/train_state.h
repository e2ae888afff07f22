// What an interrupted training run goes on from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "probes/detection/ema.h"
#include "probes/detection/head_optimizer.h"
#include "probes/detection/transfer/train_detector.h"

namespace eyechart::detection {

/// All that changes from step to step, beside the source of the batches, which
/// depends on the step alone.
struct TrainState {
  std::int64_t step = 0;  // done
  std::vector<TrainLogRow> log;
  /// Sums since the last row of the log: gradient norms, then losses by term.
  std::vector<std::string> terms;
  std::vector<double> sums;
  std::int64_t summed = 0;  // steps in them
  double best = -1;         // validation AP of the best look
  std::int64_t best_step = 0;
  std::int64_t looks_since = 0;  // looks without a better one
  NamedTensors best_weights;     // copies; empty before the first look
  double seconds = 0;            // of training, all calls together
  // Of pictures that could not be read:
  std::vector<std::string> problems;
  std::vector<std::string> validation_problems;
  /// Nothing is left to do: the parameters are as they are kept.
  bool ended = false;
};

/// Writes the state with the parameters that are trained, the optimiser's
/// moments and the averages, in one step; of a run that has ended the
/// parameters alone, as no step follows.
void SaveTrainState(const std::filesystem::path& file,
                    const std::string& identity,
                    const TrainState& state,
                    const NamedTensors& parameters,
                    const HeadOptimizer& optimizer,
                    const MovingAverage* average);

/// Reads it back into all of them, on whatever device they are; false where
/// there is no file. Throws InputError for the state of another run.
bool RestoreTrainState(const std::filesystem::path& file,
                       const std::string& identity,
                       TrainState& state,
                       const NamedTensors& parameters,
                       HeadOptimizer& optimizer,
                       MovingAverage* average);

/// Copies `values` into `parameters` by name. Throws InputError naming `source`
/// for a tensor that lacks or has another shape.
void CopyInto(const NamedTensors& parameters,
              const NamedTensors& values,
              const std::string& source);

}  // namespace eyechart::detection
