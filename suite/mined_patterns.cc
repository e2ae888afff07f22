#include "suite/mined_patterns.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace eyechart::suite {

MinedPatterns CountMined(const multiple_choice::Benchmark& benchmark,
                         std::span<const mining::BlindPair> blind,
                         const std::vector<data::StoreItem>& items) {
  using Names = std::pair<std::string, std::string>;
  std::set<Names> mined;
  for (const mining::BlindPair& pair : blind) {
    const std::string& a = items[static_cast<std::size_t>(pair.row_a)].id;
    const std::string& b = items[static_cast<std::size_t>(pair.row_b)].id;
    mined.insert(std::minmax(a, b));
  }
  std::map<std::string, MinedPattern> counts;
  for (const auto& pair : benchmark.pairs) {
    const multiple_choice::Question& first = benchmark.items[pair[0]];
    const multiple_choice::Question& second = benchmark.items[pair[1]];
    MinedPattern& count = counts[first.pattern];
    ++count.pairs;
    const std::string& a = benchmark.pictures[first.picture].id;
    const std::string& b = benchmark.pictures[second.picture].id;
    if (mined.contains(Names(std::minmax(a, b)))) ++count.mined;
  }
  MinedPatterns result;
  for (const std::string& pattern : benchmark.patterns) {
    const auto it = counts.find(pattern);
    if (it == counts.end()) continue;
    it->second.pattern = pattern;
    result.mined += it->second.mined;
    result.patterns.push_back(it->second);
  }
  return result;
}

}  // namespace eyechart::suite
