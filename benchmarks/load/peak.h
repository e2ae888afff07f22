// The highest rate at which a server keeps its latency bound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/load/scenario.h"

namespace eyechart::benchmarks {

struct PeakOptions {
  // Where the search starts, queries a second; 0: lanes over the median time of
  // the warm-up, which is what the lanes could do without any waiting.
  double start_rate = 0;
  // Rates are start_rate * step^k, k whole: the answer is known to 5 %.
  double step = 1.05;
  // Further runs, with other arrivals, that the answer must pass.
  int confirmations = 1;
  int max_trials = 64;
  // Rates below this share of the first are not tried: what misses the bound
  // with so much time between queries misses it at any rate.
  double least_share = 1.0 / 128;
  // Rows of raw samples that are kept over all trials, of some 150 bytes each
  // (80 MB). Where there are more, the earliest trials lose theirs, which are
  // the farthest from the answer; a trial keeps all of its rows or none.
  std::int64_t most_rows = std::int64_t{1} << 19;
};

struct PeakTrial {
  double rate = 0;
  bool kept = false;  // the bound; what else was found does not matter here
  std::int64_t queries = 0;
  std::optional<double> percentile_ns;
  std::vector<Finding> findings;
  // Each query; none: they did not fit into most_rows.
  std::optional<SampleTable> samples = {};
};

enum class PeakEnd {
  kFound,         // a rate that keeps the bound, confirmed
  kNoLimit,       // every rate that can be tried keeps it
  kNoRate,        // none does
  kNotConfirmed,  // some did, but neither it nor a lower one did again
  kOutOfTrials,   // some did, but none was confirmed before the trials ended
};

/// "found", "no-limit", "no-rate", "not-confirmed" or "out-of-trials".
std::string_view PeakEndName(PeakEnd end);

struct PeakResult {
  PeakEnd end = PeakEnd::kNoRate;
  // Queries a second; none, unless one was found: see `reason`.
  std::optional<double> rate;
  std::string reason;
  std::vector<PeakTrial> trials;      // in the order in which they ran
  std::optional<LoadResult> at_peak;  // the last run at the answer
};

/// Goes up (or down) the grid in doublings until it has a rate that passes and
/// one that fails, bisects the grid between them, and steps down until a rate
/// passes again with other arrivals: one lucky run is not a peak (LoadGen
/// doubles and bisects too, without the last step). `options` is a server's,
/// with a bound; its rate is not looked at, and runs that are lost end early.
/// Throws as RunLoad does, and InputError where there is no bound.
PeakResult FindPeak(DeviceUnderTest& device,
                    Clock& clock,
                    const LoadOptions& options,
                    const PeakOptions& peak = {});

/// CSV: a column `trial`, from 0 in their order, before those of SamplesCsv; a
/// row a query of the trials whose samples were kept. Empty without any.
std::string PeakSamplesCsv(const PeakResult& result);

}  // namespace eyechart::benchmarks
