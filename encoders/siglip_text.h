// SigLIP's text tower.
#pragma once

#include <memory>

#include "encoders/text_encoder.h"

namespace eyechart::encoders {

std::unique_ptr<TextEncoder> MakeSiglipTextEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

}  // namespace eyechart::encoders
