// How Apple's own release names AIMv2's tensors.
#pragma once

#include <span>

#include "encoders/key_map.h"

namespace eyechart::encoders {

/// Image towers alone, and both towers (`lit`).
std::span<const KeyLayout> Aimv2Layouts();

}  // namespace eyechart::encoders
