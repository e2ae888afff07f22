// DINOv2's linear protocol: linear heads at every learning rate on every choice
// of blocks, all trained at once by SGD.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "probes/heads/head_grid.h"
#include "probes/heads/schedule.h"

namespace eyechart::probes {

/// The columns of a row that a head reads: [begin, begin + count).
struct Columns {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  friend bool operator==(const Columns&, const Columns&) = default;
};

/// One head.
struct LinearPoint {
  Columns columns;
  double rate = 0;  // peak learning rate, as scaled to the batch
};

struct LinearGridOptions {
  /// Heads that read the same columns should follow each other: they share
  /// their products.
  std::vector<LinearPoint> points;
  TargetKind targets = TargetKind::kClasses;
  std::int64_t outputs = 0;  // K
  double momentum = 0.9;     // DINOv2's
  double deviation = 0.01;   // of the weights' normal start; DINOv2's
  Schedule schedule;         // cosine to 0, no warm-up
  std::uint64_t seed = 0;    // of the start
  /// Where heads lie and are trained; starts are drawn on the CPU.
  c10::Device device = c10::kCPU;
};

/// Heads W x + b with W (K, d) and b (K), which starts at 0. Heads that read
/// the same columns start from the same weights. State and Head name them
/// "weight" and "bias". Source: Oquab et al. 2023, dinov2/eval/linear.py.
std::unique_ptr<HeadGrid> CreateLinearGrid(const LinearGridOptions& options);

}  // namespace eyechart::probes
