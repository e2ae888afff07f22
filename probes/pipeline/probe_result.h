// What a probe measured, and how it is written down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/record.h"
#include "core/statistics.h"
#include "probes/pipeline/probe.h"
#include "probes/pipeline/probe_scores.h"

namespace eyechart::probes {

struct ProbeResult {
  const Protocol* protocol = nullptr;
  ProbeOptions options;
  LabelSet labels;
  Fitted fitted;                   // of the first seed
  std::vector<ProbeScore> scores;  // of the first seed, the leading one first
  /// The leading score of each seed, in the labels' unit.
  std::vector<double> run_scores;
  std::int64_t test = 0;                   // rows scored
  std::vector<std::int64_t> class_counts;  // of the test rows, by name
  std::vector<std::int64_t> train_counts;  // of the training rows
  std::vector<double> class_accuracy;      // NaN where there is no row
  std::string outcomes;                    // CSV, one row a test row
  /// Whose features: the training store's manifest, or the test store's.
  data::StoreManifest features;
  std::optional<data::StoreManifest> second;  // of a mixture
  std::string test_items_sha256;
  double seconds = 0;
  std::vector<std::string> warnings;
};

/// Runs options.runs seeds of a protocol. `input` has everything but the
/// targets, which come from the sides' labels (zero-shot: the test side's).
/// Throws InputError.
ProbeResult RunProbe(ProbeInput input,
                     const ProbeOptions& options,
                     Progress& progress);

/// The object of --json and of probe.json, design 3.1.
Json ProbeToJson(const ProbeResult& result);

/// top1, top5, mean_per_class; map; or mae, rmse, r2: with what all share from
/// `base`. With several runs a record more, the mean over seeds.
std::vector<Record> ProbeRecords(const ProbeResult& result, const Record& base);

/// Mean and sample standard deviation.
struct Spread {
  double mean = 0;
  double deviation = 0;
};
Spread SpreadOf(const std::vector<double>& values);

}  // namespace eyechart::probes
