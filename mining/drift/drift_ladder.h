// How far two feature stores of the same pictures agree: the highest rung of a
// ladder that holds. One threshold on a cosine either passes what changes
// answers or fails what does not; the ladder says which it was.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/statistics.h"
#include "data/feature_store.h"
#include "mining/drift/row_differences.h"
#include "mining/drift/shared_neighbours.h"

namespace eyechart::mining {

/// From the strictest on.
enum class Rung {
  kBitEqual,         // every value has the same bits, as float32
  kWithinTolerance,  // rounding alone
  kSameNeighbours,   // each asked picture has the same nearest ones
  kSameMetric,       // k-NN accuracy on the labels
  kDrifted,          // none of the above
};

/// "bit-equal", "within tolerance", "same neighbours", "same metric",
/// "drifted".
std::string_view RungName(Rung rung);

struct DriftOptions {
  /// Largest difference over the largest value of the first store. None: 2e-5
  /// and a cosine of at least 0.999999 where both stores are of fp32 runs, what
  /// eyechart asks of itself against the reference implementation; a cosine of
  /// at least 0.999 and no more where one is of half precision.
  std::optional<double> tolerance;
  /// The metric is the same where the 95 % interval of the difference of the
  /// two accuracies lies within this; a p value above 0.05 would hold for any
  /// two stores that have few enough pictures.
  double metric_margin = 0.01;
  NeighbourOptions neighbours;
};

/// A rung and whether it holds; no value: it could not be measured.
struct RungResult {
  Rung rung = Rung::kBitEqual;
  std::optional<bool> holds;
  std::string reason;  // why not, or why it could not
};

/// k-NN accuracy of the asked pictures in both stores, paired by picture.
struct MetricShift {
  std::int64_t both = 0;
  std::int64_t only_first = 0;
  std::int64_t only_second = 0;
  std::int64_t neither = 0;
  Interval ci;   // of second - first: Newcombe 1998, method 10
  double p = 1;  // exact McNemar

  std::int64_t n() const { return both + only_first + only_second + neither; }
  double first() const;
  double second() const;
};

struct DriftReport {
  Rung rung = Rung::kDrifted;     // the highest that holds
  std::vector<RungResult> rungs;  // all but kDrifted, strictest first
  std::int64_t items = 0;
  std::int64_t compared = 0;  // readable in both
  /// Readable in one store alone: the first three rungs cannot hold then.
  std::int64_t readable_in_one = 0;
  std::string first_readable_in_one;  // id
  RowDifferences rows;
  std::optional<SharedNeighbours> neighbours;  // none: bit-equal, not sought
  std::optional<MetricShift> metric;           // none: no labels, or not sought
  /// What the manifests say that is not the same: key -> (first, second).
  std::map<std::string, std::pair<std::string, std::string>> manifests;
};

/// Throws InputError where the stores are not of the same pictures (by id, and
/// by SHA-256 where both have it). They may be of other models.
DriftReport ClimbLadder(const data::FeatureStore& first,
                        const data::FeatureStore& second,
                        const DriftOptions& options = {});

/// One object, numbers that are not finite as null.
Json DriftToJson(const DriftReport& report);

/// For people, a few lines.
std::string DriftToText(const DriftReport& report);

}  // namespace eyechart::mining
