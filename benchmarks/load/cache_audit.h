// Whether asking for the same sample again flatters: a result cache, warm data,
// a branch predictor that knows the way.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/device_under_test.h"
#include "benchmarks/load/estimators.h"
#include "benchmarks/load/finding.h"
#include "benchmarks/load/load_options.h"

namespace eyechart::benchmarks {

struct AuditOptions {
  int blocks = 20;            // one ratio each; 6 for an interval at 95 %
  int samples_per_block = 8;  // distinct ones, 2 or more
  int warmup_queries = 10;
  LoadSeeds seeds = LoadSeeds::From(0);
  double level = 0.95;
  // Share by which repeating may be faster before it is a finding.
  double tolerance = 0.02;
};

/// Each block times the same samples in three ways, so that easy and hard
/// pictures cannot be mistaken for a cache: `first`, never asked for before in
/// the audit; `again`, with others in between; `repeat`, directly after itself.
struct AuditResult {
  // Time `again` over time `repeat`: 1 where having just had the sample is no
  // help. What a run over few samples hides.
  std::vector<double> again_ratios;
  Estimate again;
  // `first` over `again`: above 1 where results are kept for longer. None where
  // the device has too few samples for a block of new ones.
  std::vector<double> first_ratios;
  Estimate first;
  std::vector<Finding> findings;  // warnings: the numbers stay true
};

/// LoadGen's performance_issue_same against performance_issue_unique, in one
/// run and interleaved. One sample a query, lane 0. Throws InputError for a
/// device of fewer than two samples.
AuditResult AuditCaches(DeviceUnderTest& device,
                        Clock& clock,
                        const AuditOptions& options = {});

}  // namespace eyechart::benchmarks
