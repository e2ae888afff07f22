// SigLIP's vision tower: model types `siglip` and `siglip_vision_model`.
#pragma once

#include <memory>

#include "encoders/clip_layers.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// Absent keys have the reference's defaults, those of B/16.
ClipTower ReadSiglipTower(const ConfigReader& config);

std::unique_ptr<ImageEncoder> MakeSiglipImageEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

/// See Family::read_last_blocks.
LastBlocks ReadLastSiglipBlocks(const Checkpoint& checkpoint,
                                std::int64_t count);

}  // namespace eyechart::encoders
