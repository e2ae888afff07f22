// Which cells of the maps become queries.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "probes/detection/deformable_kernel.h"
#include "probes/detection/set_layers.h"

namespace eyechart::detection {

/// What a model says of B pictures: a set of Q boxes each.
struct SetPrediction {
  at::Tensor logits;  // (B, Q, K)
  at::Tensor boxes;   // (B, Q, 4): centre x, y, width, height, 0 ... 1
};

/// The boxes that cells start from: a square around each cell's centre, of 0.05
/// of the picture on the finest level and twice that on each next. On the CPU.
struct Anchors {
  at::Tensor logits;       // (S, 4): log(x / (1 - x)) of centre and size
  at::Tensor usable;       // (S) bool: all four within 0.01 ... 0.99
  std::int64_t count = 0;  // of usable ones
};
Anchors MakeAnchors(const std::vector<LevelSize>& levels);

struct SelectedQueries {
  at::Tensor content;        // (B, Q, D), without gradients
  at::Tensor boxes;          // (B, Q, 4), without gradients
  SetPrediction prediction;  // what the cells say, to be trained
};

/// Scores every cell and takes those with the highest class score: a linear
/// layer with a norm, a class layer, and on the chosen ones a box relative to
/// the cell's anchor. Fewer than `queries` where fewer cells are usable.
///
/// No gradient flows through the choice, nor to what was not chosen: the scores
/// of all cells are made without, those of the chosen made again with. That is
/// RT-DETR's function and gradient at a fraction of the work. What differs:
/// cells whose anchors are not usable, which there stand for one empty cell at
/// (1, 1), are never chosen.
/// Source: Zhao et al. 2024 (RT-DETR); transformers' RTDetrModel.
class QuerySelection {
 public:
  QuerySelection(std::int64_t width,
                 std::int64_t classes,
                 double prior_logit,
                 ParameterMaker& maker);

  /// `cells`: (B, S, D) of `levels`.
  SelectedQueries Forward(const at::Tensor& cells,
                          const std::vector<LevelSize>& levels,
                          std::int64_t queries) const;

 private:
  LinearLayer linear_;
  NormLayer norm_;
  LinearLayer class_;
  Mlp box_;
};

}  // namespace eyechart::detection
