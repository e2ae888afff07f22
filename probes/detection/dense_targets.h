// What a dense head should say at each place: FCOS's assignment of boxes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "probes/detection/detection_head.h"

namespace eyechart::detection {

/// The cells of one level: height x width of them, `stride` pixels apart.
struct CellGrid {
  std::int64_t height = 0;
  std::int64_t width = 0;
  int stride = 0;
};

/// Cells of all levels: L. They are counted level by level, finest first, row
/// by row; cell (y, x) stands for the point ((x + 0.5) stride, (y + 0.5)
/// stride).
std::int64_t CellCount(const std::vector<CellGrid>& grids);

/// The points, (L, 2) float32: x, y in pixels.
at::Tensor CellPoints(const std::vector<CellGrid>& grids);

/// The level of each cell, (L) int64.
at::Tensor CellLevels(const std::vector<CellGrid>& grids);

struct DenseTargetOptions {
  /// How far from a box's centre its cells lie at most, along each axis, in
  /// strides; 1.5 is what was published.
  double radius = 1.5;
  /// A cell answers for boxes whose farthest side is at most so many strides
  /// away, and farther than the next finer level's cells reach; the finest has
  /// no lower limit, the coarsest no upper one. 8 is what was published: 64
  /// pixels at stride 8.
  double reach = 8;
};

/// Targets of a batch of B pictures, on the CPU.
struct DenseTargets {
  at::Tensor classes;     // (B L) int64; kNoClass and kIgnored where none is
  at::Tensor cells;       // (P) int64, rising: where classes are
  at::Tensor corners;     // (P, 4) float32, each cell's box
  at::Tensor centreness;  // (P) float32, 1 at the box's centre, 0 at its edges
};

/// A cell belongs to a box that its point lies inside of, within `radius` of
/// the centre and in its level's reach; to the smallest of several, the first
/// of equal ones. A box without area has no cells, a small one may lie
/// between the points and have none, one of a class below 0 is passed over.
/// Cells without a box whose points lie in an ignored one are kIgnored.
///
/// centreness = sqrt(min(l, r) / max(l, r) min(t, b) / max(t, b)) of the
/// distances to the box's sides. Source: Tian et al. 2022 (FCOS, TPAMI),
/// section 3; centre sampling as in its published code, inside the box.
DenseTargets AssignCells(const std::vector<CellGrid>& grids,
                         const std::vector<BoxTargets>& pictures,
                         const DenseTargetOptions& options = {});

}  // namespace eyechart::detection
