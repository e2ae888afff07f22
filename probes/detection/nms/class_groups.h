// Candidates a class, each class's best score first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::detection {

/// Group g holds members[starts[g]] ... members[starts[g + 1] - 1].
struct ClassGroups {
  std::vector<std::uint32_t> members;  // ranks, ascending in a group
  std::vector<std::uint32_t> starts;   // one more than there are groups
};

/// Ranks 0 ... n - 1 by the class of what stands there, `order[rank]`. Groups
/// may be empty.
ClassGroups GroupByClass(std::span<const std::int64_t> classes,
                         std::span<const std::uint32_t> order);

}  // namespace eyechart::detection
