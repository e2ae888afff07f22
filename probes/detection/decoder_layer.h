// One layer of the set head's decoder.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "probes/detection/deformable_attention.h"
#include "probes/detection/set_layers.h"

namespace eyechart::detection {

/// The published sizes of RT-DETR's decoder.
struct DecoderOptions {
  std::int64_t width = 256;    // D
  std::int64_t heads = 8;      // of both attentions; they divide D
  std::int64_t points = 4;     // sampled a head and level
  std::int64_t levels = 3;     // of the pyramid
  std::int64_t hidden = 1024;  // of the feed-forward part
};

/// Queries look at each other, then at a few points of the maps around their
/// boxes, then think: self-attention, deformable attention, two linear layers
/// with ReLU, each added to what came in and normed after.
///
/// What is learned starts as published: the points lie on rings around the
/// box's centre, all weighted alike. Source: Zhao et al. 2024 (RT-DETR), after
/// Zhu et al. 2021; transformers' RTDetrDecoderLayer.
class DecoderLayer {
 public:
  /// Adds its parameters to `maker`, "PREFIX.self.query.weight" and so on.
  DecoderLayer(const DecoderOptions& options,
               const std::string& prefix,
               ParameterMaker& maker);

  /// What makes `values` of the cells. The model applies those of all its
  /// layers at once.
  const LinearLayer& value() const { return value_; }

  /// (B, Q, D) from `queries` alike, `places` (B, Q, D), which tell queries
  /// from each other and are added where they ask but not where they are read,
  /// `boxes` (B, Q, 4), centre x, y, width and height in parts of the picture,
  /// and `values` (B, S, D) of the cells of `levels`. `visible` (Q, Q) bool:
  /// whether the query of a row may look at that of a column; undefined: at
  /// all.
  at::Tensor Forward(const at::Tensor& queries,
                     const at::Tensor& places,
                     const at::Tensor& boxes,
                     const at::Tensor& values,
                     const std::vector<LevelSize>& levels,
                     const at::Tensor& visible = {}) const;

 private:
  at::Tensor AttendSelf(const at::Tensor& queries,
                        const at::Tensor& places,
                        const at::Tensor& visible) const;
  at::Tensor AttendCells(const at::Tensor& asked,
                         const at::Tensor& boxes,
                         const at::Tensor& values,
                         const std::vector<LevelSize>& levels) const;

  DecoderOptions options_;
  LinearLayer self_query_, self_key_, self_value_, self_output_;
  NormLayer self_norm_;
  LinearLayer offsets_, weights_, value_, output_;
  NormLayer cross_norm_;
  Mlp feed_;
  NormLayer feed_norm_;
};

}  // namespace eyechart::detection
