// Blind pairs that show what an earlier one showed, by other copies.
#pragma once

#include <span>
#include <vector>

#include "mining/copy_groups.h"
#include "mining/mine.h"

namespace eyechart::mining {

/// For each of `pairs`, in their order, 1 where it repeats an earlier one by
/// other copies of the same two pictures, or is two copies of one picture;
/// else 0. The first of such pairs is never a repetition, whichever copies it
/// shows, so that leaving the rest out loses nothing to look at.
std::vector<char> FindRepeatedPairs(const CopyGroups& groups,
                                    std::span<const BlindPair> pairs);

}  // namespace eyechart::mining
