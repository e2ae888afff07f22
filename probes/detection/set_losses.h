// What a set of boxes loses against the objects it is matched with.
#pragma once

#include <ATen/core/Tensor.h>

#include "probes/detection/box_losses.h"
#include "probes/detection/set_matching.h"

namespace eyechart::detection {

/// Varifocal loss (Zhang et al. 2021): the wanted score of a matched class is
/// the box's intersection over union, weighted by it; of any other it is 0,
/// weighted by alpha score^gamma.
struct VarifocalOptions {
  double alpha = 0.75;
  double gamma = 2;
};

struct SetLossOptions {
  /// RT-DETR's varifocal loss, else the focal loss of Deformable DETR. The
  /// first, as scores then rank boxes by how well they fit, which is what
  /// selection and average precision sort by.
  bool varifocal = true;
  VarifocalOptions vari;
  FocalOptions focal;
  double varifocal_weight = 1;  // as published, both
  double focal_weight = 2;
  double l1 = 5;
  double giou = 2;
};

/// Sums over a batch, by weight, divided by the number of objects: scalars.
struct SetLoss {
  at::Tensor classes;
  at::Tensor l1;
  at::Tensor giou;
};

/// Losses of `prediction` by its `matches`; `objects` is the batch's number of
/// them, at least 1. Queries without an object only have a class loss.
SetLoss SetLosses(const SetPrediction& prediction,
                  const SetMatches& matches,
                  double objects,
                  const SetLossOptions& options = {});

}  // namespace eyechart::detection
