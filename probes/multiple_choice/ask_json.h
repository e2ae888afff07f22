// What `ask --json` prints and ask.json holds.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "probes/multiple_choice/paired_comparison.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// Scores are fractions; `ci` is of the pair accuracy, or of the item accuracy
/// where there are no pairs. A score that was not measured is null.
Json AskToJson(const Benchmark& benchmark,
               const Result& result,
               const std::string& model,
               const std::vector<PairedComparison>& comparisons);

/// Errors of readings: how many answers name a number, the median error
/// (minutes, or per cent of the range) and the share within tolerance of all.
struct ReadingScore {
  std::int64_t items = 0;
  std::int64_t read = 0;
  std::int64_t within = 0;
  std::int64_t measured = 0;  // with an error: the range is known
  double median_error = 0;    // NaN where none is measured
};

ReadingScore ScoreReadings(const Benchmark& benchmark, const Result& result);

/// "min" or "%"; "" for no reading.
std::string ReadingErrorUnit(Reading reading);

}  // namespace eyechart::multiple_choice
