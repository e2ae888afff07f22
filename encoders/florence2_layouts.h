// How Florence-2's remote-code release names its tensors.
#pragma once

#include <span>

#include "encoders/key_map.h"

namespace eyechart::encoders {

/// The vision tower, the projector and the language model.
std::span<const KeyLayout> Florence2Layouts();

}  // namespace eyechart::encoders
