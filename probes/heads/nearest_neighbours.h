// The k-NN read-out of DINOv2's evaluation.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace eyechart::probes {

struct NearestOptions {
  /// Neighbours that vote; all where there are fewer. DINOv2: 10, 20, 100, 200,
  /// with 20 "usually working the best".
  std::int64_t k = 20;
  /// Of the softmax over cosines that weighs the votes. DINOv2: 0.07.
  double temperature = 0.07;
};

/// Votes (m, classes) of the nearest rows of `train` (n, d) by cosine for each
/// row of `test` (m, d), weighted by the softmax of cosine / temperature over
/// the k nearest, its maximum subtracted; a row sums to 1. `labels` (n) is
/// int64 in 0 ... classes - 1. Rows of zeros have cosine 0 to everything.
/// Throws std::logic_error for shapes that do not fit. Source: Oquab et al.
/// 2023, dinov2/eval/knn.py.
at::Tensor NearestVotes(const at::Tensor& train,
                        const at::Tensor& labels,
                        const at::Tensor& test,
                        std::int64_t classes,
                        const NearestOptions& options = {});

}  // namespace eyechart::probes
