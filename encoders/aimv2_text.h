// The text tower of AIMv2 `lit`.
#pragma once

#include <memory>

#include "encoders/text_encoder.h"

namespace eyechart::encoders {

/// Builds the text side of an `aimv2` with two towers. Attention is causal, as
/// in Apple's release and the reference's eager mode (its default drops the
/// mask where no text of a batch is padded); the logit scale is clamped to
/// [1, max_logit_scale]. Throws InputError for a folder with the image tower
/// alone. Source: transformers' Aimv2Model.
std::unique_ptr<TextEncoder> MakeAimv2TextEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

}  // namespace eyechart::encoders
