// A dense detection head: every cell of a pyramid says what is there and how
// far its sides are.
#pragma once

#include <cstdint>
#include <memory>

#include "probes/detection/box_losses.h"
#include "probes/detection/dense_targets.h"
#include "probes/detection/detection_head.h"
#include "probes/detection/feature_pyramid.h"

namespace eyechart::detection {

struct DenseHeadOptions {
  /// Its seed is the whole head's, its width that of the towers: a multiple of
  /// `groups`.
  PyramidOptions pyramid;
  std::int64_t classes = 0;  // K
  /// Convolutions of each tower. Published with 4; 2, as there are few data and
  /// features that need little more, at half of the work.
  std::int64_t tower = 2;
  std::int64_t groups = 32;  // of the group norms, as published
  /// What every class's score starts from, so that the many cells without an
  /// object do not drown the few with one (Lin et al. 2017).
  double prior = 0.01;
  FocalOptions focal;
  DenseTargetOptions targets;
};

/// FCOS on the levels of a FeaturePyramid. Two towers, shared by the levels, of
/// 3 x 3 convolutions, group norms and ReLU; on one the K class scores, on the
/// other a box and its centreness, by 3 x 3 convolutions.
///
/// The box of a cell of a level with stride s is at distances s exp(a r) from
/// its point, for outputs r and a factor a that each level learns. The
/// published code went from exp(a r) to s max(a r, 0): in units of strides, as
/// here, but a cell whose outputs are below 0 learns nothing, and with few data
/// there are few others to bring it back.
///
/// Losses, summed over the batch: "class", sigmoid focal over the number of
/// cells with an object; "box", 1 - generalised IoU weighted by centreness over
/// the weights' sum; "centreness", binary cross-entropy over that number. A
/// batch without an object has zeros in the last two. Score of a class in a
/// cell: sqrt(class score x centreness).
///
/// Throws InputError for a width that the groups do not divide.
/// Sources: Tian et al. 2019, 2022 (FCOS). What differs from their model: the
/// pyramid (three levels of a plain encoder instead of five of a ResNet's), exp
/// as above, fewer convolutions, points in the middle of cells of odd strides.
std::unique_ptr<DetectionHead> CreateDenseHead(const DenseHeadOptions& options);

}  // namespace eyechart::detection
