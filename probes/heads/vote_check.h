// Whether rounding of cosines can change which classes win a vote.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "probes/heads/cosine_candidates.h"

namespace eyechart::probes {

/// Votes of the k nearest, weighted by exp(cosine / temperature), where each
/// cosine may be off by `error`: a vote lies between exp(-error / temperature)
/// times that of the rows that surely are among the k, and exp(error /
/// temperature) times that of those that may be. Not for several threads.
class VoteCheck {
 public:
  /// `labels` (n) in 0 ... classes - 1 outlive this.
  VoteCheck(std::span<const std::int64_t> labels,
            std::int64_t classes,
            std::vector<std::int64_t> k,
            double temperature,
            double error);

  /// Whether, for each k, the class with the most votes, the set of the five
  /// with the most and the rank of class `truth` (none below 0) are the same
  /// for all cosines within the error. `found`: highest first, every row at
  /// most 2 `error` behind the largest k's last.
  bool Certain(std::span<const FoundRow> found, std::int64_t truth = -1);

 private:
  struct Vote {
    std::int64_t label = 0;
    double sure = 0;
    double possible = 0;  // the sure ones' too
  };
  bool Certain(std::span<const FoundRow> found,
               std::size_t k,
               std::int64_t truth);
  bool FirstApart(std::size_t places) const;
  bool Apart(std::int64_t label) const;

  std::span<const std::int64_t> labels_;
  std::vector<std::int64_t> k_;
  double temperature_;
  double error_;
  double factor_;
  std::vector<Vote> votes_;            // a class; zeros between calls
  std::vector<std::int64_t> classes_;  // that have votes
  std::vector<Vote> sorted_;           // theirs, the most sure first
};

}  // namespace eyechart::probes
