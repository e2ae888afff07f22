// Where a JSON text breaks off: for the message of a parser that does not say.
#pragma once

#include <string>
#include <string_view>

namespace eyechart {

/// What keeps `text` from being one whole JSON value, by its brackets and
/// quotes alone: that it is empty, packed or UTF-16, where it ends too early
/// ("it seems cut"), a bracket that does not fit, or what stands behind its
/// end. Bytes and lines are counted from 1. Empty where all of that is in
/// order, which does not mean that it is JSON, and beyond 1024 levels. Takes
/// one pass: meant for texts that a parser has refused.
std::string JsonDamage(std::string_view text);

}  // namespace eyechart
