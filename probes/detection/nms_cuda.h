// The greedy part of TensorNms on a CUDA device; there only where LibTorch is
// built with CUDA.
#pragma once

#include <ATen/core/Tensor.h>

namespace eyechart::detection::internal {

/// Which rows stay: (N) bool on the device. `rows` (N, 4) float32, best first,
/// `classes` (N) int64 or undefined, on one CUDA device; a row goes where its
/// IoU with a better one that stays and is of its class is above `threshold`.
/// Nothing is waited for. Takes at most 256 MiB of the device for its masks, or
/// 8 N bytes where that is more.
at::Tensor CudaGreedy(const at::Tensor& rows,
                      const at::Tensor& classes,
                      float threshold);

}  // namespace eyechart::detection::internal
