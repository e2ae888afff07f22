// The nine visual patterns, in the order used everywhere (Tong et al. 2024).
#pragma once

#include <string>
#include <string_view>

namespace eyechart::multiple_choice {

/// Place of a pattern in the paper's order, 0 to 8, by MMVP-VLM's folder names
/// or by those of generated pictures, case, blanks and underscores alike; 9 for
/// another name.
int PatternRank(std::string_view name);

/// MMVP-VLM's own spelling of a pattern ("Camera Perspective"); another name
/// with its underscores as blanks.
std::string PatternTitle(std::string_view name);

}  // namespace eyechart::multiple_choice
