// Which candidates are near, and which of those are blind: decided exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "mining/feature_rows.h"
#include "mining/mine.h"
#include "mining/pair_engine.h"

namespace eyechart::mining {

/// Counts near pairs and keeps blind ones. Every decision is that of
/// ExactCosine; float32 decides only where its error bound leaves no doubt, so
/// that the outcome does not depend on engine, tile size or threads.
class Verifier {
 public:
  /// Index i of both views is the same picture. `near_min` and `far_max` as in
  /// MineOptions.
  Verifier(const FeatureRows& near_rows,
           const FeatureRows& far_rows,
           double near_min,
           double far_max);
  ~Verifier();

  /// Tests a batch in the calling thread; any number of threads may call.
  void Add(std::span<const Candidate> candidates);

  // The outcome, for when no thread is in Add.

  std::int64_t near_pairs() const { return near_pairs_; }
  /// The blind pairs, in no order; a is the one that came first. Moves them.
  std::vector<BlindPair> TakeBlind() { return std::move(blind_); }
  /// How many near and blind pairs each picture is in.
  std::span<const std::int64_t> near_counts() const { return near_counts_; }
  std::span<const std::int64_t> blind_counts() const { return blind_counts_; }
  /// Time in Add, divided by the threads that shared it.
  double seconds() const;

 private:
  enum class Verdict : std::uint8_t { kNeither, kNear, kBlind };

  // One space, as the tests need it.
  struct Space {
    explicit Space(const FeatureRows& view);
    const FeatureRows* rows;
    double error;                     // of FastCosine
    std::vector<float> inverse_norm;  // NaN where float32 could overflow
  };
  struct Batch;  // what one call of Add works with

  std::unique_ptr<Batch> Borrow();
  void Test(Batch& batch, std::span<const Candidate> candidates) const;
  Verdict TestPair(Batch& batch, const Candidate& pair) const;
  void Merge(const Batch& batch, std::span<const Candidate> candidates);

  Space near_;
  Space far_;
  double near_min_;
  double far_max_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Batch>> idle_;
  int threads_ = 0;  // batches made: the most that were in use at once
  double seconds_ = 0;
  std::int64_t near_pairs_ = 0;
  std::vector<BlindPair> blind_;
  std::vector<std::int64_t> near_counts_;
  std::vector<std::int64_t> blind_counts_;
};

}  // namespace eyechart::mining
