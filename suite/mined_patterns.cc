#include "suite/mined_patterns.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace eyechart::suite {

namespace {

using Names = std::pair<std::string, std::string>;  // ids, the lesser first

Names NamesOf(const mining::BlindPair& pair,
              const std::vector<data::StoreItem>& items) {
  return std::minmax(items[static_cast<std::size_t>(pair.row_a)].id,
                     items[static_cast<std::size_t>(pair.row_b)].id);
}

// The pattern of each of the benchmark's pairs.
std::map<Names, std::string> PatternsByNames(
    const multiple_choice::Benchmark& benchmark) {
  std::map<Names, std::string> patterns;
  for (const auto& pair : benchmark.pairs) {
    const multiple_choice::Question& first = benchmark.items[pair[0]];
    const multiple_choice::Question& second = benchmark.items[pair[1]];
    patterns.emplace(std::minmax(benchmark.pictures[first.picture].id,
                                 benchmark.pictures[second.picture].id),
                     first.pattern);
  }
  return patterns;
}

}  // namespace

MinedPatterns CountMined(const multiple_choice::Benchmark& benchmark,
                         std::span<const mining::BlindPair> blind,
                         const std::vector<data::StoreItem>& items) {
  std::set<Names> mined;
  for (const mining::BlindPair& pair : blind)
    mined.insert(NamesOf(pair, items));
  std::map<std::string, MinedPattern> counts;
  for (const auto& [names, pattern] : PatternsByNames(benchmark)) {
    MinedPattern& count = counts[pattern];
    ++count.pairs;
    if (mined.contains(names)) ++count.mined;
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

std::vector<std::string> PatternsOfPairs(
    const multiple_choice::Benchmark& benchmark,
    std::span<const mining::BlindPair> blind,
    const std::vector<data::StoreItem>& items) {
  const std::map<Names, std::string> patterns = PatternsByNames(benchmark);
  std::vector<std::string> result;
  for (const mining::BlindPair& pair : blind) {
    const auto found = patterns.find(NamesOf(pair, items));
    result.push_back(found == patterns.end() ? "" : found->second);
  }
  return result;
}

}  // namespace eyechart::suite
