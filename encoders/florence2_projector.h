// From the cells of Florence-2's vision tower to tokens of its language model.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "encoders/config_reader.h"
#include "encoders/linear.h"
#include "encoders/norm.h"
#include "encoders/weights.h"

namespace eyechart::encoders {

/// Learned positions of rows and columns and the temporal one of a single frame
/// added; the mean of all cells put before them; projected and normed. Source:
/// Florence2MultiModalProjector of transformers.
class Florence2Projector {
 public:
  /// `vision` is the "vision_config", `width` that of the tower's map. Throws
  /// InputError.
  Florence2Projector(WeightStore& weights,
                     const ConfigReader& vision,
                     const std::string& prefix,
                     std::int64_t width,
                     const Placement& placement);

  /// map: (B, C, h, w) -> (B, 1 + h w, D). Throws InputError for more rows or
  /// columns than there are positions for.
  at::Tensor Forward(const at::Tensor& map) const;

  /// D.
  std::int64_t outputs() const { return outputs_; }

 private:
  at::Tensor rows_;      // (positions, C / 2)
  at::Tensor columns_;   // (positions, C - C / 2)
  at::Tensor temporal_;  // (C), of the first frame
  Linear projection_;
  Norm norm_;
  std::int64_t outputs_ = 0;
};

}  // namespace eyechart::encoders
