// The simple feature pyramid: three levels from a plain encoder's last map.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "probes/detection/detection_head.h"

namespace eyechart::detection {

struct PyramidOptions {
  /// The encoder's maps, finest first: one (its last map), or, for a
  /// hierarchical encoder that is given its own stages, one a level.
  std::vector<MapLevel> maps;
  std::int64_t width = 256;  // channels of each level
  std::uint64_t seed = 0;    // of the start values
  /// Of the parameters, a head's own included; the maps come on it too.
  at::Device device = at::kCPU;
};

/// Three levels of strides nearest to 8, 16 and 32. Each takes the map whose
/// stride is nearest: of a plain encoder its only one, of a hierarchical one a
/// stage of its own. The map is stretched by transposed convolutions 2 x 2 (a
/// layer norm and GELU between two of them), taken as it is, or max-pooled;
/// then follow convolutions 1 x 1 and 3 x 3 with layer norms over the channels.
/// A map of stride 14 gives 7, 14 and 28.
///
/// An odd size is pooled with its last row and column alone, 7 to 4, so that
/// every level covers the picture; the centre of its last cell then lies on the
/// picture's edge.
///
/// Throws InputError for a map too coarse or too odd to be stretched.
/// Sources: Li et al. 2022 (ViTDet), section 3; widths and norms as in its
/// published configuration.
class FeaturePyramid {
 public:
  explicit FeaturePyramid(const PyramidOptions& options);
  ~FeaturePyramid();

  /// Pixels from a cell to the next, a level; finest first.
  const std::vector<int>& strides() const;

  /// (B, width, h, w) a level, channels last in memory; gradients flow to the
  /// parameters, and to maps that want them.
  std::vector<at::Tensor> Forward(const std::vector<at::Tensor>& maps) const;

  /// As DetectionHead's; names begin with "pyramid.".
  NamedTensors Parameters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eyechart::detection
