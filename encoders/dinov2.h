// DINOv2 without registers: model type `dinov2`.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"

namespace eyechart::encoders {

std::unique_ptr<ImageEncoder> MakeDinov2Encoder(const Checkpoint& checkpoint,
                                                const EncoderOptions& options);

}  // namespace eyechart::encoders
