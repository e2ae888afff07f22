// Two devices in turn: which is faster, by how much, and how sure that is.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/device_under_test.h"
#include "benchmarks/load/estimators.h"
#include "benchmarks/load/load_options.h"
#include "benchmarks/load/sample_table.h"

namespace eyechart::benchmarks {

struct PairOptions {
  // ABBA blocks; one ratio each. From 6 on there is an interval at 95 %.
  int blocks = 20;
  int queries_per_turn = 1;  // a block has two turns of each side
  std::int64_t samples_per_query = 1;
  std::int64_t samples = 0;  // distinct ones; 0: all
  int warmup_queries = 10;   // of each side
  std::uint64_t seed = 0;
  LoadSeeds seeds = LoadSeeds::From(0);
  double level = 0.95;  // of the interval
};

struct PairResult {
  SampleTable first, second;   // QueryRow::pair is the block
  std::vector<double> ratios;  // a block: second's time over first's
  Estimate ratio;              // their median
};

/// Runs `first` (A) and `second` (B) in blocks ABBA or BAAB, which by a coin:
/// what drifts evenly hits both alike, and neither always follows the other.
/// Both sides of a half block ask for the same samples. The interval of the
/// median ratio assumes no distribution (order statistics). The two may be one
/// and the same device: an A/A run. Throws InputError for options that cannot
/// be, and for devices of other sample counts.
PairResult RunPairs(DeviceUnderTest& first,
                    DeviceUnderTest& second,
                    Clock& clock,
                    const PairOptions& options = {});

}  // namespace eyechart::benchmarks
