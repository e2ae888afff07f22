// AIMv2's image tower: vision-only folders, and the image side of `lit`.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"
#include "encoders/trainable_blocks.h"

namespace eyechart::encoders {

/// Builds `aimv2` and `aimv2_vision_model`. Positions are a table for one size,
/// or computed for any (`is_native`); the `head` pool exists where the model
/// has its attention-pool head. Source: transformers' Aimv2VisionModel and
/// Aimv2Model.
std::unique_ptr<ImageEncoder> MakeAimv2ImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

/// See Family::read_last_blocks.
LastBlocks ReadLastAimv2Blocks(const Checkpoint& checkpoint,
                               std::int64_t count);

}  // namespace eyechart::encoders
