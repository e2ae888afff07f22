// Multi-scale deformable attention: a few learned points a query instead of
// every cell.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "probes/detection/deformable_kernel.h"

namespace eyechart::detection {

/// (B, Q, H D): for each query and head the sum over levels and points of
/// `weights` (B, Q, H, L, P) times `values` (B, S, H, D) at `locations`
/// (B, Q, H, L, P, 2), which are x and y in parts of a level's map: bilinear
/// between the cells' centres, zero outside (grid_sample with align_corners
/// off). S is the cells of `levels`, finest first.
/// Gradients flow to all three, once: the slopes have none of their own.
/// float32 on the CPU runs in loops of ours, anything else through
/// grid_sampler, on the tensors' device: the same function, but where a
/// location is a cell's very centre, at a kink, rounding may choose the other
/// side's slope. Source: Zhu et al. 2021 (Deformable DETR), equation 3.
at::Tensor SampleDeformably(const at::Tensor& values,
                            const std::vector<LevelSize>& levels,
                            const at::Tensor& locations,
                            const at::Tensor& weights);

}  // namespace eyechart::detection
