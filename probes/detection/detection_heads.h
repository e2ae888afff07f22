// The kinds of detection heads by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "probes/detection/detection_head.h"
#include "probes/detection/feature_pyramid.h"

namespace eyechart::detection {

/// What heads of all kinds are told; the rest is each kind's own default, as
/// the recipe is the same for all encoders.
struct HeadOptions {
  /// The encoder's maps, the head's width, the seed of all start values, and
  /// the device of all parameters.
  PyramidOptions pyramid;
  std::int64_t classes = 0;
  /// Convolutions a tower, or decoder layers; 0: the kind's own.
  std::int64_t layers = 0;
  /// Set heads: noisy copies of the truth a picture, about, that are trained
  /// beside the queries (DenoisingOptions); 0: none. Nothing of it is left in a
  /// trained head.
  std::int64_t denoising = 0;
};

/// "dense" (FCOS: every cell answers, suppression follows) or "set" (queries,
/// each its own object). Throws InputError listing the kinds for another.
std::unique_ptr<DetectionHead> CreateHead(const std::string& kind,
                                          const HeadOptions& options);

/// Names of the kinds, in the order of the table.
std::vector<std::string> HeadKinds();

}  // namespace eyechart::detection
