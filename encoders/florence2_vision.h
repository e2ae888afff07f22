// Florence-2's vision tower. Source: Xiao et al. 2023, and
// Florence2VisionBackbone of transformers.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"
#include "encoders/weights.h"

namespace eyechart::encoders {

/// Builds the tower from a `florence2` or `florence_vision` checkpoint: tokens
/// are the last stage's cells, before the projector; no class token.
std::unique_ptr<ImageEncoder> MakeFlorence2VisionEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

/// The same out of `weights` that the caller asks for more and finishes: info()
/// has no parameters and keys yet.
std::unique_ptr<ImageEncoder> LoadFlorence2Tower(WeightStore& weights,
                                                 const Checkpoint& checkpoint,
                                                 const Placement& placement);

}  // namespace eyechart::encoders
