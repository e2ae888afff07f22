// A set detection head: queries that each answer for one object, so that
// nothing has to be suppressed.
#pragma once

#include <cstdint>
#include <memory>

#include "probes/detection/detection_head.h"
#include "probes/detection/feature_pyramid.h"
#include "probes/detection/set_losses.h"
#include "probes/detection/set_matching.h"
#include "probes/detection/set_model.h"

namespace eyechart::detection {

struct SetHeadOptions {
  /// Its seed is the whole head's, its width that of the decoder: a multiple of
  /// the attention heads.
  PyramidOptions pyramid;
  /// Its classes are the head's; the decoder's width and levels, the seed and
  /// the device are taken from the pyramid.
  SetModelOptions model;
  MatchCosts costs;
  DenoisingOptions denoising;
  SetLossOptions losses;
};

/// RT-DETR's decoder on the levels of a FeaturePyramid: see SetModel.
///
/// Losses, over the number of the batch's boxes: "class", "l1" and "giou" of
/// the last layer, "auxiliary", all three of the earlier layers together, and
/// "selection", all three of the cells that became queries; each set of boxes
/// is matched anew; and "denoising", all three of the noisy queries in all
/// layers, over the number of copies of the boxes. Boxes of a class below 0
/// (ignored ones) are left out: what queries say there counts as wrong, as in
/// DETR's own training. Boxes beyond the number of queries are left out where
/// they match worst.
///
/// Detect: the Q highest of the Q K class scores, as published, so that a query
/// may answer with two classes.
///
/// Sources: Zhao et al. 2024 (RT-DETR), transformers' RTDetrForObjectDetection.
/// What differs: a plain encoder's pyramid instead of a hybrid encoder on a
/// ResNet's; layer norms where batch norms were, as batches are small; Glorot's
/// normal start where PyTorch's own was; see QuerySelection. Throws InputError
/// for a width that the attention heads do not divide, and, in Losses, for
/// boxes and classes that are none, naming the picture.
std::unique_ptr<DetectionHead> CreateSetHead(const SetHeadOptions& options);

}  // namespace eyechart::detection
