// CLIP's vision tower: model types `clip` and `clip_vision_model`.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"

namespace eyechart::encoders {

std::unique_ptr<ImageEncoder> MakeClipImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

}  // namespace eyechart::encoders
