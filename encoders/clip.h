// CLIP's vision tower: model types `clip` and `clip_vision_model`, and those of
// MetaCLIP 2, whose image tower is the same.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"
#include "encoders/trainable_blocks.h"

namespace eyechart::encoders {

std::unique_ptr<ImageEncoder> MakeClipImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

/// See Family::read_last_blocks.
LastBlocks ReadLastClipBlocks(const Checkpoint& checkpoint, std::int64_t count);

}  // namespace eyechart::encoders
