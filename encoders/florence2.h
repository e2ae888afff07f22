// Florence-2 whole: the vision tower, the projector and BART.
#pragma once

#include <memory>

#include "encoders/captioner.h"

namespace eyechart::encoders {

/// Builds all of a `florence2` checkpoint, in transformers' layout or that of
/// the release with remote code. Throws InputError for a folder without the
/// language side. Source: Xiao et al. 2023, and
/// Florence2ForConditionalGeneration of transformers.
std::unique_ptr<Captioner> MakeFlorence2Captioner(
    const Checkpoint& checkpoint, const EncoderOptions& options);

}  // namespace eyechart::encoders
