// CLIP-blind pairs: near in one feature space, far in another.
// Protocol: Tong et al. 2024 (arXiv 2401.06209), cos(near) > 0.95 and
// cos(far) < 0.6; what it leaves open is fixed and recorded here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/statistics.h"
#include "data/feature_store.h"
#include "mining/cosine_grid.h"
#include "mining/cosine_histogram.h"
#include "mining/findings.h"

namespace eyechart::mining {

struct MineOptions {
  double near_min = 0.95;  // cosine; a near pair lies strictly above it
  double far_max = 0.6;    // cosine; a blind pair lies strictly below it
  /// Instead of a cosine the quantile of random pairs' cosines, in (0, 1): for
  /// encoders whose cosines lie elsewhere than CLIP's and DINOv2's. What it
  /// came to stands in the result.
  std::optional<double> near_quantile;
  std::optional<double> far_quantile;
  /// Further thresholds to count for, all combinations in one pass; both empty:
  /// none. The lowest near one decides what the search costs.
  std::vector<double> surface_near;
  std::vector<double> surface_far;
  /// exact, faiss-flat, faiss-ivf, or auto (engine_choice.h).
  std::string engine = "auto";
  /// Share of the near pairs that an approximate engine is to find; 1: all.
  double recall = 0.999;
  /// What faiss-ivf holds in memory: none (reads the store), fp16 or int8.
  std::string quantizer = "none";
  /// Folder where faiss-ivf keeps its index, the near store's for a command;
  /// empty: none is kept.
  std::filesystem::path index_folder;
  /// Numbers of an exact search's first pass, and where it multiplies; see
  /// EngineOptions.
  std::string precision = "auto";
  std::string device = "cpu";
  /// Pictures equal in both spaces (duplicates.h) keep one representative, the
  /// first by row of the near store. The others take part in nothing:
  /// candidate_pairs counts pairs of representatives.
  bool dedupe = false;
  /// Look for copies: pictures whose cosines are above this in both spaces.
  std::optional<double> copies_min;
  /// Working memory beside the features, bytes; what the engine may take for
  /// panels, tiles and candidates. More wins no time.
  std::int64_t memory_bytes = std::int64_t{64} << 20;
  /// Rows of a unit of an exact search, after which it can be gone on with.
  std::int64_t unit_rows = 16384;
  /// Random pairs drawn for the histogram and the quantiles.
  std::int64_t sample_pairs = 200'000;
  std::uint64_t seed = 0;  // of the draws
  /// File that a killed search is gone on from; empty: none. It stays until the
  /// caller removes it, with the results on disk.
  std::filesystem::path journal;
};

struct MiningResult {
  double near_min = 0;  // cosines, what quantiles came to
  double far_max = 0;
  std::int64_t images = 0;           // all rows
  std::int64_t unreadable = 0;       // in either store
  std::int64_t not_finite = 0;       // readable, a feature is NaN or infinite
  std::int64_t zero = 0;             // readable, all features are 0
  std::int64_t candidate_pairs = 0;  // n(n-1)/2 over the readable ones
  std::int64_t near_pairs = 0;       // before the far test
  std::int64_t blind_pairs = 0;
  std::int64_t duplicates_dropped = 0;
  std::string engine;
  std::optional<double> recall;   // against the exact engine; exact ones: 1
  std::int64_t recall_pairs = 0;  // near pairs that a measured recall is of
  /// Dot products of whole rows or their like that the engine made, where it
  /// counts them.
  std::optional<std::int64_t> products;
  std::optional<Interval> blind_share_ci;  // of blind / near pairs
  std::optional<CountSurface> surface;
  CosineHistogram histogram;
  double search_seconds = 0;
  double verify_seconds = 0;
  /// Every blind pair, rows of the near store, row_a < row_b in byte order of
  /// their ids, largest gap first, ties by the ids: the same order and the same
  /// bits in every run and with every engine.
  std::vector<BlindPair> pairs;
  /// Pairs of copies, where copies were asked for: rows of the near store. They
  /// connect each group, and hold each copy's pair with the group's first row
  /// where that is alike too (copy_groups.h).
  std::vector<SimilarPair> similar;
  std::vector<std::int64_t> rows;  // of the near store that were compared
  std::vector<std::string> warnings;
};

/// Throws the InputError of options that no features could suit: to be said
/// before hours of encoding, not after.
void RequireMineOptions(const MineOptions& options);

/// Mines. The stores fit when their ids agree (and the pictures' sha256 where
/// both have it); a far store in another order is joined by id. Rows that are
/// unreadable in either are left out; rows that are readable but have no
/// direction (all zeros, or not finite, in either space) are candidates and
/// never a pair, with a warning that names the first. Throws InputError for
/// stores that do not fit or change meanwhile, thresholds outside [-1, 1] or an
/// unknown engine; Interrupted on a signal.
MiningResult Mine(const data::FeatureStore& near_store,
                  const data::FeatureStore& far_store,
                  const MineOptions& options,
                  Progress& progress);

}  // namespace eyechart::mining
