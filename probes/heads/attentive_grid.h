// AIM's attentive probe: attention pooling by one learned query on frozen
// tokens, at every learning rate and weight decay, all trained at once.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "probes/heads/head_grid.h"
#include "probes/heads/schedule.h"

namespace eyechart::probes {

/// One head.
struct AttentivePoint {
  double rate = 0;   // peak learning rate
  double decay = 0;  // AdamW's weight decay, of all parameters
};

struct AttentiveGridOptions {
  std::vector<AttentivePoint> points;
  TargetKind targets = TargetKind::kClasses;
  std::int64_t outputs = 0;  // K
  std::int64_t width = 0;    // C of the tokens
  /// Attention heads; they divide the width. AIM: 12 for widths of 768 and so
  /// on; HeadCount gives the greatest divisor up to 12.
  std::int64_t heads = 12;
  double clip = 3.0;  // norm that slopes are cut to; AIMv2, Table A2
  Schedule schedule;  // AIMv2: to 1e-5 by a cosine, no warm-up on small sets
  std::uint64_t seed = 0;  // of the start
  /// Where heads lie and are trained; starts are drawn on the CPU.
  c10::Device device = c10::kCPU;
};

/// Heads of AIM's AttentionPoolingClassifier on tokens (B, T, C): batch norm
/// without weight and bias (epsilon 1e-6, running averages by 0.1), keys and
/// values by projections without bias, one query learned as it is, softmax
/// attention, no projection behind it, a linear layer without bias.
///
/// With one query the key projection can be moved to the query and the value
/// projection behind the pooling, which gives the same function at C / heads of
/// the work; the parameters and their slopes are those of the original:
///   score = x . (K^T q),  pooled = V (sum of attention x).
/// A constant that is common to all tokens cancels in the softmax, so that the
/// norm becomes a scale of the query and a shift and scale of what was pooled.
///
/// State and Head name them "key" and "value" (C, C), "query" (C), "linear" (K,
/// C), "mean" and "variance" (C). Source: El-Nouby et al. 2024 (AIM), its
/// released layers.py; Fini et al. 2024 (AIMv2), Table A2.
std::unique_ptr<HeadGrid> CreateAttentiveGrid(
    const AttentiveGridOptions& options);

/// The greatest number of attention heads up to 12 that divides `width`.
std::int64_t HeadCount(std::int64_t width);

}  // namespace eyechart::probes
