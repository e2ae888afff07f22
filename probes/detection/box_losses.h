// Losses of boxes and their classes, for any head.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace eyechart::detection {

/// In place of a class: there is no object.
inline constexpr std::int64_t kNoClass = -1;
/// In place of a class: what is said there is neither right nor wrong.
inline constexpr std::int64_t kIgnored = -2;

struct FocalOptions {
  double alpha =
      0.25;          // weight of the class that is there; 1 - alpha of others
  double gamma = 2;  // of the factor (1 - p)^gamma that easy ones lose by
};

/// Sum over rows and classes of the sigmoid focal loss: `logits` (N, K), each
/// class a question of its own, `classes` (N) int64 the one that is there,
/// kNoClass or kIgnored (such a row has no part in it); where they are on the
/// CPU and the logits on another device, nothing waits for that. A scalar.
/// Source: Lin et al. 2017 (RetinaNet), equation 5.
at::Tensor FocalSum(const at::Tensor& logits,
                    const at::Tensor& classes,
                    const FocalOptions& options = {});

/// Generalised intersection over union, -1 ... 1, of corners (..., 4): x1, y1,
/// x2, y2 with x1 <= x2, y1 <= y2. The leading sizes are broadcast: (n, 1, 4)
/// with (m, 4) gives (n, m). That of two boxes without area is 0, not NaN.
/// Source: Rezatofighi et al. 2019.
at::Tensor GeneralizedIou(const at::Tensor& corners, const at::Tensor& others);

/// Intersection over union, 0 ... 1, alike.
at::Tensor Iou(const at::Tensor& corners, const at::Tensor& others);

/// Sum over all of |values - wanted|. A scalar.
at::Tensor L1Sum(const at::Tensor& values, const at::Tensor& wanted);

}  // namespace eyechart::detection
