// Detections by image, then by descending score, both stable.
#pragma once

#include <cstdint>

#include "probes/detection/evaluation/category_matches.h"

namespace eyechart::detection {

/// A key that ascends where the score descends; 0.0 and -0.0 are alike.
std::uint64_t ScoreKey(double score);

/// Sorts scratch.keyed by key, equal ones by image, else as they stand.
void SortByScore(MatchScratch& scratch);

}  // namespace eyechart::detection
