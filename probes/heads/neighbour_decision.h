// Which of a query's candidates are its neighbours: in float64, or in float32
// where that can change nothing that is asked.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "probes/heads/cosine_bank.h"
#include "probes/heads/cosine_candidates.h"
#include "probes/heads/nearest_neighbours.h"
#include "probes/heads/vote_check.h"

namespace eyechart::probes {

/// The k nearest rows of a bank are asked for some queries. Several threads may
/// decide on queries of their own.
class NeighbourQuestion {
 public:
  /// `bank` outlives the question; `test` (m, d). `use` as FindNearest's.
  NeighbourQuestion(const CosineBank& bank,
                    const at::Tensor& test,
                    std::int64_t k,
                    const VoteUse* use);

  const at::Tensor& queries() const { return queries_; }  // (m, d) float32
  const at::Tensor& norms() const { return norms_; }      // (m) float64
  /// What two float32 cosines may be off by together.
  float slack() const { return static_cast<float>(2 * error_); }
  /// The answers, where decided.
  const Neighbours& found() const { return found_; }

 private:
  friend class NeighbourDecision;

  const CosineBank& bank_;
  std::int64_t k_;
  double error_;
  at::Tensor queries_;
  at::Tensor norms_;
  at::Tensor labels_;  // of a use
  at::Tensor truth_;
  std::optional<VoteUse> use_;
  Neighbours found_;
};

/// One thread's.
class NeighbourDecision {
 public:
  explicit NeighbourDecision(NeighbourQuestion& question);

  /// Answers `query` from every row at most slack() behind its k-th float32
  /// cosine, in any order.
  void Decide(std::int64_t query, std::vector<FoundRow>& list);

 private:
  template <typename List>
  void Give(std::int64_t query, const List& list);

  NeighbourQuestion& question_;
  std::optional<VoteCheck> check_;
  std::vector<std::pair<double, std::int64_t>> exact_;
  double* cosines_;
  std::int64_t* rows_;
};

}  // namespace eyechart::probes
