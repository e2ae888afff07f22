// Candidates by descending score.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::detection {

/// Indices of `scores` in descending order, NaN first, equal scores (-0 and 0
/// are) by index: torch.sort(descending=True, stable=True). Fewer than 2^32.
std::vector<std::uint32_t> ScoreOrder(std::span<const float> scores);

}  // namespace eyechart::detection
