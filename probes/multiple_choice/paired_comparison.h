// Two systems on the same items: exact McNemar test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// One paired comparison; "first" is the result in hand, "second" the file's.
struct PairedComparison {
  std::string unit;  // "pairs" or "items"
  std::int64_t n = 0;
  std::int64_t first_correct = 0;
  std::int64_t second_correct = 0;
  std::int64_t only_first = 0;   // right in the first alone
  std::int64_t only_second = 0;  // right in the second alone
  double p = 1;                  // two-sided
  std::string method;            // "mcnemar exact" or "mcnemar mid-p"
};

/// Compares with outcomes that another run wrote, joined by id: by pairs where
/// the benchmark has some (items of a pair are not independent), and by items.
/// Throws InputError where the ids differ, or a right answer does: other
/// questions, or other labels.
std::vector<PairedComparison> CompareOutcomes(const Benchmark& benchmark,
                                              const Result& result,
                                              const std::filesystem::path& file,
                                              bool mid_p);

}  // namespace eyechart::multiple_choice
