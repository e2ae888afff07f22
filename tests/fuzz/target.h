// What a fuzz target is. Each *_target.cc defines both functions; entry.cc
// makes a libFuzzer program of them, replay.cc one that any compiler builds.
#pragma once

#include <string>
#include <vector>

namespace eyechart::fuzz {

/// Reads `input` as the target's format does. True: it was taken; false: it was
/// refused with an InputError. Whatever else happens is a defect.
bool Reads(const std::string& input);

/// Whole inputs, which Reads takes, to begin from.
std::vector<std::string> Seeds();

}  // namespace eyechart::fuzz
