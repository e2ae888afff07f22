// Which candidates are near, and which of those are blind: decided exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "mining/cosine_grid.h"
#include "mining/disjoint_sets.h"
#include "mining/feature_rows.h"
#include "mining/findings.h"
#include "mining/pair_engine.h"

namespace eyechart::mining {

/// What is asked about a pair; every threshold is an edge of the grid.
struct VerifyOptions {
  double near_min = 0.95;  // cosine; a near pair lies strictly above it
  double far_max = 0.6;    // cosine; a blind pair lies strictly below it
  CosineGrid grid;
  /// Above which cosines, in both spaces, pictures count as copies; none:
  /// copies are not looked for.
  struct Copies {
    double near_min = 0;
    double far_min = 0;
  };
  std::optional<Copies> copies;

  /// A grid of nothing but the two thresholds and the histogram's steps.
  static VerifyOptions Of(double near_min, double far_max);
};

/// Counts near pairs and keeps blind ones. Every decision is that of
/// ExactCosine; float32 decides only where its error bound leaves no doubt, so
/// that the outcome does not depend on engine, tile size or threads.
class Verifier {
 public:
  /// Index i of both views is the same picture; both must outlive this.
  Verifier(const FeatureRows& near_rows,
           const FeatureRows& far_rows,
           VerifyOptions options);
  ~Verifier();

  /// Tests a batch in the calling thread; any number of threads may call.
  void Add(std::span<const Candidate> candidates);

  // For when no thread is in Add.

  /// What was found since the last call.
  Findings Take();
  /// Pairs of copies that are known: others that connect the same pictures are
  /// not collected.
  void Know(std::span<const SimilarPair> similar);
  /// Time in Add, divided by the threads that shared it.
  double seconds() const;

 private:
  // One space, as the tests need it.
  struct Space {
    Space(const FeatureRows& view, const std::vector<double>& thresholds);
    const FeatureRows* rows;
    double error;                     // of FastCosine
    std::vector<float> inverse_norm;  // NaN where float32 could overflow
    const std::vector<double>* edges;
  };
  // What is known of a pair; near bin 0 is not near at any threshold.
  struct Verdict {
    std::uint32_t near = 0;
    std::uint32_t far = 0;
  };
  struct Batch;  // what one call of Add works with

  std::unique_ptr<Batch> Borrow();
  void Test(Batch& batch, std::span<const Candidate> candidates) const;
  Verdict TestPair(Batch& batch, const Candidate& pair) const;
  void Merge(const Batch& batch, std::span<const Candidate> candidates);

  VerifyOptions options_;
  std::size_t near_edge_;  // of near_min; pairs in greater bins are near
  std::size_t far_edge_;   // of far_max; those in no greater bin are blind
  std::size_t copy_near_edge_ = 0;
  std::size_t copy_far_edge_ = 0;
  Space near_;
  Space far_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Batch>> idle_;
  int threads_ = 0;  // batches made: the most that were in use at once
  double seconds_ = 0;
  Findings found_;
  DisjointSets copies_;
};

}  // namespace eyechart::mining
