// Hiera, the trunk of SAM 2 among others. Source: Ryali et al. 2023, and
// HieraModel of transformers.
#pragma once

#include <memory>

#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// Builds a `hiera` checkpoint of any head; `head` is the pooler's output where
/// the checkpoint has one.
std::unique_ptr<ImageEncoder> MakeHieraEncoder(const Checkpoint& checkpoint,
                                               const EncoderOptions& options);

}  // namespace eyechart::encoders
