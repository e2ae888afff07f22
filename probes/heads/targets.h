// What a head is trained to say, and how far it is from saying it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string_view>

namespace eyechart::probes {

enum class TargetKind {
  kClasses,  // one of K classes: softmax cross-entropy
  kLabels,   // any of K labels: a sigmoid each, binary cross-entropy
  kNumbers,  // K numbers: squared error
};

/// "classes", "labels" or "numbers".
std::string_view TargetKindName(TargetKind kind);

/// Targets of n rows.
struct Targets {
  TargetKind kind = TargetKind::kClasses;
  /// (n) int64 in 0 ... outputs - 1 for kClasses; (n, outputs) float32 for the
  /// others, 0 or 1 for kLabels.
  at::Tensor values;
  std::int64_t outputs = 0;  // K: scores a row

  std::int64_t size() const { return values.size(0); }
  /// Those of the rows `index` (m) int64.
  Targets Rows(const at::Tensor& index) const;
  /// The same on `device`.
  Targets On(c10::Device device) const;
};

/// The mean loss of several heads on the same rows, and its slope.
struct LossSlope {
  at::Tensor loss;   // (G) float32
  at::Tensor slope;  // (G, B, K): d loss / d scores
};

/// `scores` (G, B, K) of G heads against the B targets. The means are those of
/// PyTorch's cross_entropy, binary_cross_entropy_with_logits and mse_loss: over
/// B, B K and B K values.
LossSlope SlopeOf(const at::Tensor& scores, const Targets& targets);

}  // namespace eyechart::probes
