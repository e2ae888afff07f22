// Finding the pairs that are near in one space, never holding all of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/progress.h"
#include "mining/feature_rows.h"

namespace eyechart::mining {

/// Two rows that may be near: first < second, indices of FeatureRows.
struct Candidate {
  static constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  /// Within CosineError(dim) of the true cosine, or kUnknown.
  float cosine = kUnknown;
};

/// Receives candidates batch by batch, from any of the engine's threads,
/// several at once; the span lives as long as the call.
using CandidateSink = std::function<void(std::span<const Candidate>)>;

/// A search goes unit by unit, so that it can be broken off and gone on with.
/// The default remembers nothing.
class SearchLog {
 public:
  virtual ~SearchLog();
  /// The unit was finished before; none of its candidates is wanted.
  virtual bool Done(std::int64_t unit) const;
  /// Every candidate of the unit has been handed on, and none of a unit that is
  /// not finished. Called while no sink runs.
  virtual void Finish(std::int64_t unit);

  /// One that remembers nothing.
  static SearchLog& None();
};

struct EngineOptions {
  std::string name = "auto";  // of the table in pair_engine.cc
  double near_min = 0.95;     // cosine; pairs above it are wanted
  /// Numbers of the exact engine's first pass: fp32, bf16, or auto, which takes
  /// bf16 where the processor is faster in it (tile_product.h). The pairs are
  /// the same.
  std::string precision = "auto";
  /// Where the exact engine multiplies: "cpu", "cuda" or "cuda:N".
  std::string device = "cpu";
  /// Share of the near pairs that an approximate engine is to find.
  double recall = 0.999;
  /// What faiss-ivf compares: "none", the rows of the store; "fp16" or "int8",
  /// coded copies in memory, for features that do not fit the memory.
  std::string quantizer = "none";
  /// Where an index is kept and looked for, beside the features; empty:
  /// nowhere.
  std::filesystem::path index_folder;
  /// What the features are: an index of others is not taken.
  std::string identity;
  std::uint64_t seed = 0;  // of samples and of training
  /// Working memory beside the features, bytes: panels and a tile a thread.
  /// More than the default wins no time.
  std::int64_t memory_bytes = std::int64_t{64} << 20;
  /// Rows and columns of a tile; 0: 512, or what fits the memory.
  std::int64_t tile_rows = 0;
  /// Rows and columns of a unit of work of the flat engines, after which a
  /// search can be gone on with. A pair of 16384 x 16384 takes seconds.
  std::int64_t unit_rows = 16384;
  /// From how many rows on the exact engine looks for a cheaper bound to
  /// screen with (screen.h): below it the search for one costs more than it
  /// saves.
  std::int64_t screen_min_rows = 8192;
};

/// What an engine says of a search that is over.
struct EngineReport {
  /// Estimated share of the near pairs that were found, from a sample that
  /// chose nothing; none where the sample held no near pair.
  std::optional<double> recall;
  std::int64_t sampled_pairs = 0;  // near pairs that the estimate rests on
  /// Dot products of rows, training and sampling included, as if each took all
  /// values of a row; none where the engine does not count.
  std::optional<std::int64_t> products;
};

/// Proposes every pair whose cosine is above near_min (an approximate engine:
/// most of them) exactly once, and may propose others: whoever receives them
/// verifies.
class PairEngine {
 public:
  /// Throws InputError, listing the engines, for a name that is not known.
  static std::unique_ptr<PairEngine> Create(const EngineOptions& options);
  /// Throws as Create does.
  static void RequireKnown(const std::string& name);
  /// The names that Create knows, `auto` first.
  static std::vector<std::string> Names();

  virtual ~PairEngine() = default;
  /// The name in records; never `auto`.
  virtual std::string name() const = 0;
  /// Proposes every near pair, so that its recall is 1.
  virtual bool exact() const = 0;
  /// Gets ready, and says what units mean: searches of the same rows whose
  /// plans are equal have the same units, whatever the memory, the threads and
  /// the machine. Comes before Search.
  virtual std::string Plan(const FeatureRows& rows, Progress& progress) = 0;
  /// Throws Interrupted, between tiles, on a signal.
  virtual void Search(const FeatureRows& rows,
                      const CandidateSink& sink,
                      SearchLog& log,
                      Progress& progress) = 0;
  /// Of the last search.
  virtual EngineReport report() const;
};

// One factory an engine; the table in pair_engine.cc names them.
std::unique_ptr<PairEngine> MakeExactEngine(const EngineOptions& options);
std::unique_ptr<PairEngine> MakeFaissFlatEngine(const EngineOptions& options);
std::unique_ptr<PairEngine> MakeFaissIvfEngine(const EngineOptions& options);

}  // namespace eyechart::mining
