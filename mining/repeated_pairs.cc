#include "mining/repeated_pairs.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>

namespace eyechart::mining {

std::vector<char> FindRepeatedPairs(const CopyGroups& groups,
                                    std::span<const BlindPair> pairs) {
  std::unordered_map<std::int64_t, std::int64_t> representative;
  for (const CopyGroup& group : groups.groups)
    for (const Copy& copy : group.copies)
      representative.emplace(copy.row, group.representative);
  const auto stands_for = [&](std::int64_t row) {
    const auto found = representative.find(row);
    return found == representative.end() ? row : found->second;
  };
  std::vector<char> repeated;
  repeated.reserve(pairs.size());
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (const BlindPair& pair : pairs) {
    const std::pair<std::int64_t, std::int64_t> two =
        std::minmax({stands_for(pair.row_a), stands_for(pair.row_b)});
    const bool is_new = two.first != two.second && seen.insert(two).second;
    repeated.push_back(is_new ? 0 : 1);
  }
  return repeated;
}

}  // namespace eyechart::mining
