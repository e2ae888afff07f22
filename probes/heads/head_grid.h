// The seam for heads that are trained side by side: every point of a grid of
// settings sees the same batches, so that a sweep costs little more than one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "probes/heads/targets.h"

namespace eyechart::probes {

/// Tensors by name.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// A grid of G heads with their optimiser, on one device: the CPU, or a GPU
/// that is given work without waiting for it. Rows and targets may lie on the
/// host or on that device. Deterministic for the same input and number of
/// threads, or GPU.
class HeadGrid {
 public:
  virtual ~HeadGrid() = default;

  virtual std::int64_t size() const = 0;  // G

  /// One optimiser step, the `step`th from 0, of every head on the batch `x`,
  /// (B, d) or (B, T, C) float32. Gives the losses (G) before it,
  /// on the grid's device.
  virtual at::Tensor Step(const at::Tensor& x,
                          const Targets& targets,
                          std::int64_t step) = 0;

  /// Scores (G, m, K) float32 of rows (m, d) or (m, T, C), as after training,
  /// on the grid's device.
  virtual at::Tensor Scores(const at::Tensor& x) const = 0;

  /// All that a resumed run needs: tensors that share the grid's memory.
  virtual NamedTensors State() = 0;

  /// Copies of the parameters of one head, on the host; what a head file holds.
  virtual NamedTensors Head(std::int64_t point) const = 0;
};

}  // namespace eyechart::probes
