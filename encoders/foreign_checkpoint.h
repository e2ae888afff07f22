// Checkpoints without a config.json: what they are is read from
// open_clip_config.json, or from the names and shapes of their tensors.
#pragma once

#include "encoders/checkpoint.h"

namespace eyechart::encoders {

/// Fills `checkpoint`, whose folder and weight files are set, with a
/// configuration in Hugging Face's terms and the preprocessing that its authors
/// use. Throws InputError where neither tells what it is.
void DescribeForeign(Checkpoint& checkpoint);

}  // namespace eyechart::encoders
