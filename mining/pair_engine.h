// Finding the pairs that are near in one space, never holding all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
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

struct EngineOptions {
  std::string name = "auto";  // of the table in pair_engine.cc
  double near_min = 0.95;     // cosine; pairs above it are wanted
  /// Working memory beside the features, bytes: panels and a tile a thread.
  /// More than the default wins no time.
  std::int64_t memory_bytes = std::int64_t{64} << 20;
  /// Rows and columns of a tile; 0: 512, or what fits the memory.
  std::int64_t tile_rows = 0;
  /// From how many rows on the exact engine looks for a cheaper bound to
  /// screen with (screen.h): below it the search for one costs more than it
  /// saves.
  std::int64_t screen_min_rows = 8192;
};

/// Proposes every pair whose cosine is above near_min (an approximate engine:
/// most of them) exactly once, and may propose others: whoever receives them
/// verifies.
class PairEngine {
 public:
  /// Throws InputError, listing the engines, for a name that is not known.
  static std::unique_ptr<PairEngine> Create(const EngineOptions& options);
  /// The names that Create knows, `auto` first.
  static std::vector<std::string> Names();

  virtual ~PairEngine() = default;
  /// The name in records; never `auto`.
  virtual std::string name() const = 0;
  /// Proposes every near pair, so that its recall is 1.
  virtual bool exact() const = 0;
  /// Throws Interrupted, between tiles, on a signal.
  virtual void Search(const FeatureRows& rows,
                      const CandidateSink& sink,
                      Progress& progress) = 0;
};

// One factory an engine; the table in pair_engine.cc names them.
std::unique_ptr<PairEngine> MakeExactEngine(const EngineOptions& options);
std::unique_ptr<PairEngine> MakeFaissFlatEngine(const EngineOptions& options);

}  // namespace eyechart::mining
