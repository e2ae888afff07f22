// DINOv2 without registers: model type `dinov2`.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"
#include "encoders/trainable_blocks.h"

namespace eyechart::encoders {

std::unique_ptr<ImageEncoder> MakeDinov2Encoder(const Checkpoint& checkpoint,
                                                const EncoderOptions& options);

/// See Family::read_last_blocks.
LastBlocks ReadLastDinov2Blocks(const Checkpoint& checkpoint,
                                std::int64_t count);

}  // namespace eyechart::encoders
