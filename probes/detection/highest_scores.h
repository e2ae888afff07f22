// The best of many scores, wherever they are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace eyechart::detection {

/// Places of the `most` highest of `scores` (n) float32 that are at least
/// `least`, in that order; of equal scores the lower place first; what is not a
/// number is none of them. (k) int64 on the CPU, whatever the scores' device:
/// the same places on each for the same scores.
at::Tensor HighestScores(const at::Tensor& scores,
                         double least,
                         std::int64_t most);

namespace internal {

/// What HighestScores does off the CPU, on any device: a stable sort.
at::Tensor HighestBySorting(const at::Tensor& scores,
                            double least,
                            std::int64_t most);

}  // namespace internal
}  // namespace eyechart::detection
