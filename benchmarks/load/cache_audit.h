// Whether asking for the same sample again flatters: a result cache, warm data,
// a branch predictor that knows the way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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
enum class AuditPass {
  kWarmup,
  kFirst,
  kSeen,    // in the place of kFirst, where no new ones are left
  kAgain,   // with others in between
  kBefore,  // what kRepeat follows; not counted
  kRepeat,  // directly after itself
};

/// "warmup", "first", "seen", "again", "before" or "repeat".
std::string_view AuditPassName(AuditPass pass);

/// One query, in the order in which they ran.
struct AuditQuery {
  int block = -1;  // from 0; -1: warm-up
  AuditPass pass = AuditPass::kWarmup;
  std::int64_t sample = 0;
  std::int64_t started_ns = 0;  // from the start of the audit
  std::int64_t latency_ns = 0;
};

struct AuditResult {
  // Time `again` over time `repeat`: 1 where having just had the sample is no
  // help. What a run over few samples hides.
  std::vector<double> again_ratios;
  Estimate again;
  // `first` over `again`: above 1 where results are kept for longer. None where
  // the device has too few samples for a block of new ones.
  std::vector<double> first_ratios;
  Estimate first;
  // Both against the same samples' first time, of blocks of new ones: below 1
  // where having been asked for helps.
  Estimate again_to_first, repeat_to_first;
  std::int64_t new_blocks = 0;      // behind these two
  std::vector<AuditQuery> queries;  // at most 4 a sample of a block
  std::vector<Finding> findings;    // warnings: the numbers stay true
};

/// LoadGen's performance_issue_same against performance_issue_unique, in one
/// run and interleaved. One sample a query, lane 0. Throws InputError for a
/// device of fewer than two samples.
AuditResult AuditCaches(DeviceUnderTest& device,
                        Clock& clock,
                        const AuditOptions& options = {});

/// CSV: block,pass,sample,started_ns,latency_ns, a row a query; `block` is
/// empty for the warm-up. A block's ratio is that of two passes' sums.
std::string AuditSamplesCsv(const AuditResult& result);

}  // namespace eyechart::benchmarks
