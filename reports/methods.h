// How the numbers are made: the metrics and estimators that a report uses.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// What every reader needs, once a document.
inline constexpr std::string_view kHowToRead =
    "A cell is one encoder on one task, data set and setting. Values are "
    "rounded to four digits; in brackets stands the interval that the named "
    "estimator gives. An arrow says which way is better. Runs stand side by "
    "side as they were measured; whether they differ is for eyechart gate. A "
    "failed or missing cell is a result, not a gap: it is listed. Raw values "
    "are in records.jsonl.";

/// One metric of the runs, in words.
struct MetricNote {
  std::string name;
  std::string unit;       // as in the records; "" where they differ
  std::string direction;  // higher, lower or none
  std::string what;       // "" for a metric that this build does not know
  std::string source;
};

/// One estimator of intervals, in words.
struct EstimatorNote {
  std::string name;    // as in records
  std::string levels;  // coverage, "95%" or "90%, 95%"
  std::string what;    // "" for an estimator that this build does not know
};

/// The metrics of the runs, in the order of their first mention.
std::vector<MetricNote> MetricsUsed(std::span<const RunFolder> runs);

/// The estimators behind the runs' intervals, by name.
std::vector<EstimatorNote> EstimatorsUsed(std::span<const RunFolder> runs);

/// One sentence for who has never heard of CLIP-blind pairs.
std::string BlindPairSentence(const std::string& near_model,
                              const std::string& far_model,
                              const std::string& near_min,
                              const std::string& far_max);

}  // namespace eyechart::reports
