// Pairs of copies with their cosines.
#pragma once

#include <vector>

#include "mining/feature_rows.h"
#include "mining/findings.h"

namespace eyechart::mining {

/// From pairs that connect groups of copies (indices of the views) to pairs of
/// store rows with their cosines: those that connect, and each copy with the
/// first row of its group where that pair too lies above `near_min` and not
/// below `far_min`. A cosine is 1 where the features are equal to the bit, and
/// less everywhere else.
std::vector<SimilarPair> CopyPairs(const std::vector<SimilarPair>& connect,
                                   double near_min,
                                   double far_min,
                                   const FeatureRows& near,
                                   const FeatureRows& far);

}  // namespace eyechart::mining
