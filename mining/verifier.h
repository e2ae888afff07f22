// Which candidates are near, and which of those are blind: decided exactly.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mining/feature_rows.h"
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

  /// first < second, indices of FeatureRows.
  struct Blind {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    double near_cosine = 0;
    double far_cosine = 0;
  };

  /// Tests a batch; uses ATen's threads.
  void Add(std::span<const Candidate> candidates);

  std::int64_t near_pairs() const { return near_pairs_; }
  const std::vector<Blind>& blind() const { return blind_; }
  /// How many near and blind pairs each picture is in.
  std::span<const std::int64_t> near_counts() const { return near_counts_; }
  std::span<const std::int64_t> blind_counts() const { return blind_counts_; }

 private:
  enum class Verdict : std::uint8_t { kNeither, kNear, kBlind };

  // One space, as the tests need it.
  struct Space {
    explicit Space(const FeatureRows& view);
    const FeatureRows* rows;
    double error;                     // of FastCosine
    std::vector<float> inverse_norm;  // NaN where float32 could overflow
    // Rows of shards that do not hold float32, converted for one batch.
    std::vector<float> copies;
  };

  void AddSome(std::span<const Candidate> candidates);
  void Convert(Space& space);
  const float* Row(const Space& space, std::uint32_t index) const;
  float FastCosine(const Space& space, const Candidate& pair) const;
  double Cosine(const Space& space, const Candidate& pair) const;
  Verdict Test(const Candidate& pair, std::vector<Blind>& blind) const;

  Space near_;
  Space far_;
  double near_min_;
  double far_max_;
  // Where a batch's rows lie in `copies`: one slot a row, -1 for none.
  std::vector<std::int32_t> slot_of_;
  std::vector<std::uint32_t> slots_;
  std::vector<Verdict> verdicts_;
  std::int64_t near_pairs_ = 0;
  std::vector<Blind> blind_;
  std::vector<std::int64_t> near_counts_;
  std::vector<std::int64_t> blind_counts_;
};

}  // namespace eyechart::mining
