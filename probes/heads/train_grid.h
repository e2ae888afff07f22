// Training a grid of heads: batches in, curves and checkpoints out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "probes/heads/head_grid.h"

namespace eyechart::probes {

/// Where the rows of a batch come from: features made before, or an encoder
/// that is run on augmented pictures.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual std::int64_t size() const = 0;
  virtual const Targets& targets() const = 0;
  /// Rows `index` (B) int64, (B, d) or (B, T, C) float32, as in `epoch`: the
  /// same epoch and row are augmented the same way. On the host or on the
  /// heads' device.
  virtual at::Tensor Load(const at::Tensor& index, std::int64_t epoch) = 0;
};

struct TrainOptions {
  std::int64_t steps = 0;
  std::int64_t batch = 0;  // rows a step; all where there are fewer
  std::uint64_t seed = 0;  // of the order
  /// Steps from one look at the validation rows to the next; the last step is
  /// always looked at.
  std::int64_t look_every = 0;
  /// Keep each head as it was at its best look instead of the last.
  bool keep_best = false;
  /// File of the run's state; empty: none is kept.
  std::filesystem::path checkpoint;
  double checkpoint_seconds = 30;
  /// Says all that the run depends on; a checkpoint of another is refused.
  std::string identity;
};

/// The heads at one look.
struct CurvePoint {
  std::int64_t step = 0;           // steps done
  std::vector<double> loss;        // G, of the last batch
  std::vector<double> validation;  // G; empty without validation rows
};

struct TrainResult {
  std::vector<CurvePoint> curve;
  std::int64_t steps_done = 0;  // in this call; fewer where it went on
  /// With keep_best: the look at which each head was best.
  std::vector<std::int64_t> best_look;
  std::vector<NamedTensors> best;  // and its parameters
};

/// Scores of every head on the validation rows, greater is better; (G).
using Validate = std::function<std::vector<double>(const HeadGrid&)>;

/// Rows of the `step`th batch of a run: the data in a new order each epoch,
/// drawn from the stream (seed, epoch), cut into batches without a rest; a
/// batch may reach into the next epoch. `epoch` is that of its first row.
struct Batch {
  at::Tensor index;  // (B) int64
  std::int64_t epoch = 0;
};
Batch BatchOf(std::int64_t rows,
              std::int64_t batch,
              std::uint64_t seed,
              std::int64_t step);

/// The batches of a run, as BatchOf's; an epoch's order is drawn once.
class BatchOrder {
 public:
  BatchOrder(std::int64_t rows, std::int64_t batch, std::uint64_t seed);
  Batch At(std::int64_t step);

 private:
  std::int64_t rows_;
  std::int64_t batch_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;  // of order_
  std::vector<std::int64_t> order_;
};

/// Trains `grid` for options.steps on `source`. An interrupted run leaves its
/// checkpoint and throws Interrupted; the same call goes on from there to the
/// same weights, bit for bit, with the same threads. The checkpoint is removed
/// at the end. Throws InputError for a checkpoint of another run, and where a
/// loss is not finite for every head.
TrainResult TrainGrid(HeadGrid& grid,
                      BatchSource& source,
                      const Validate& validate,
                      const TrainOptions& options,
                      Progress& progress);

}  // namespace eyechart::probes
