// Which query answers for which object.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "probes/detection/query_selection.h"

namespace eyechart::detection {

/// The objects of one picture, on the CPU.
struct SetTargets {
  at::Tensor boxes;    // (n, 4) float32: centre x, y, width, height, 0 ... 1
  at::Tensor classes;  // (n) int64, 0 ... K - 1
};

/// Weights of a pair's cost, as published.
struct MatchCosts {
  double classes = 2;   // of the focal loss that naming the class would save
  double l1 = 5;        // of the sum of |differences| of the boxes
  double giou = 2;      // of -generalised intersection over union
  double alpha = 0.25;  // of the focal loss
  double gamma = 2;
};

/// Pairs of all pictures, in the order of pictures and queries.
struct SetMatches {
  at::Tensor rows;     // (m) int64: picture Q + query
  at::Tensor boxes;    // (m, 4) of the objects
  at::Tensor classes;  // (m) int64 of the objects
};

/// The cheapest pairing of each picture's queries with its objects: min(Q, n)
/// pairs, so that of more objects than queries those are left out that would
/// cost most. A pair whose cost is not finite is taken only where nothing else
/// is left. Pairs are found on the CPU, on copies of what is predicted, and
/// come on the prediction's device. Source: Carion et al. 2020 (DETR); the
/// costs are those of transformers' RTDetrHungarianMatcher.
SetMatches MatchQueries(const SetPrediction& prediction,
                        const std::vector<SetTargets>& targets,
                        const MatchCosts& costs = {});

/// Corners x1, y1, x2, y2 of boxes (..., 4) by centre and size.
at::Tensor CornersOf(const at::Tensor& boxes);

}  // namespace eyechart::detection
