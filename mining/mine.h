// CLIP-blind pairs: near in one feature space, far in another.
// Protocol: Tong et al. 2024 (arXiv 2401.06209), cos(near) > 0.95 and
// cos(far) < 0.6; what it leaves open is fixed and recorded here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/statistics.h"
#include "data/feature_store.h"

namespace eyechart::mining {

struct MineOptions {
  double near_min = 0.95;  // cosine; a near pair lies strictly above it
  double far_max = 0.6;    // cosine; a blind pair lies strictly below it
  /// exact, faiss-flat, or auto (exact: it is the faster one at every size).
  std::string engine = "auto";
  /// Pictures equal in both spaces (duplicates.h) keep one representative, the
  /// first by row of the near store. The others take part in nothing:
  /// candidate_pairs counts pairs of representatives.
  bool dedupe = false;
  /// Working memory beside the features, bytes; what the engine may take for
  /// panels, tiles and candidates. More wins no time.
  std::int64_t memory_bytes = std::int64_t{64} << 20;
};

/// a < b in byte order of their ids; rows are the near store's.
struct BlindPair {
  std::int64_t row_a = 0;
  std::int64_t row_b = 0;
  double near_cosine = 0;
  double far_cosine = 0;
  double gap() const { return near_cosine - far_cosine; }
};

struct MiningResult {
  std::int64_t images = 0;           // all rows
  std::int64_t unreadable = 0;       // in either store
  std::int64_t candidate_pairs = 0;  // n(n-1)/2 over the readable ones
  std::int64_t near_pairs = 0;       // before the far test
  std::int64_t blind_pairs = 0;
  std::int64_t duplicates_dropped = 0;
  std::string engine;
  std::optional<double> recall;  // against the exact engine; exact ones: 1
  std::optional<Interval> blind_share_ci;  // of blind / near pairs
  double search_seconds = 0;
  double verify_seconds = 0;
  /// Every blind pair, largest gap first, ties by the ids: the same order and
  /// the same bits in every run and with every engine.
  std::vector<BlindPair> pairs;
  std::vector<std::string> warnings;
};

/// Mines. The stores fit when their ids agree (and the pictures' sha256 where
/// both have it); a far store in another order is joined by id. Rows that are
/// unreadable in either are left out; rows that are readable but have no
/// direction (all zeros, or not finite, in either space) are candidates and
/// never a pair, with a warning. Throws InputError for stores that do not fit,
/// thresholds outside [-1, 1] or an unknown engine; Interrupted on a signal.
MiningResult Mine(const data::FeatureStore& near_store,
                  const data::FeatureStore& far_store,
                  const MineOptions& options,
                  Progress& progress);

}  // namespace eyechart::mining
