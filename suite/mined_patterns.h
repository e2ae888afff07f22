// In which of the patterns mined pairs fall: for data sets whose pictures are
// pairs that differ in one known property.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mining/mine.h"
#include "probes/multiple_choice/benchmark.h"

namespace eyechart::suite {

struct MinedPattern {
  std::string pattern;
  std::int64_t pairs = 0;  // of the benchmark
  std::int64_t mined = 0;  // of these, blind pairs
};

struct MinedPatterns {
  std::vector<MinedPattern> patterns;  // in the benchmark's order
  std::int64_t mined = 0;              // the sum over them
};

/// Counts the blind pairs that are the two pictures of one of the benchmark's
/// pairs; `items` are the rows that they count in.
MinedPatterns CountMined(const multiple_choice::Benchmark& benchmark,
                         std::span<const mining::BlindPair> blind,
                         const std::vector<data::StoreItem>& items);

/// For each blind pair the pattern whose pair it is, "" for all others.
std::vector<std::string> PatternsOfPairs(
    const multiple_choice::Benchmark& benchmark,
    std::span<const mining::BlindPair> blind,
    const std::vector<data::StoreItem>& items);

}  // namespace eyechart::suite
