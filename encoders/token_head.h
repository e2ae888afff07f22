// The likeliest next token without reading all of the output layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "encoders/placement.h"

namespace eyechart::encoders {

/// The rows of an output layer (V, C) a second time, in 8 bits: a product with
/// them bounds each logit from both sides (Cauchy and Schwarz on what rounding
/// left over), and only rows that could be the largest are read in full. The
/// layer is most of what a decoder reads for one token, and memory is what it
/// waits for.
class TokenHead {
 public:
  /// Whether it pays there: float32 on a CPU with AVX2.
  static bool Serves(const Placement& placement);
  /// Rows of `hidden` up to which it pays; for more a plain product does.
  static constexpr std::int64_t kMostRows = 8;

  /// `weight` (V, C), float32 on the CPU, is kept, not copied.
  explicit TokenHead(const at::Tensor& weight);

  /// The index of the largest logit of each row of `hidden` (R, C), float32,
  /// those of `banned[r]` left out: the first of them where several are equal.
  /// Logits of candidates are summed in double. -1 where none is finite.
  std::vector<std::int64_t> Best(
      const at::Tensor& hidden,
      const std::vector<std::vector<std::int64_t>>& banned) const;

  /// Rows read in full by the last call, of all its rows together.
  std::int64_t candidates() const { return candidates_; }

 private:
  struct Bounds {
    std::vector<float> logits;  // (R, V), near the true ones
    std::vector<float> errors;  // how near
  };
  // Of one row; `logits` of banned tokens are overwritten.
  std::int64_t BestOf(const float* hidden,
                      const std::vector<std::int64_t>& banned,
                      float* logits,
                      const float* errors) const;

  at::Tensor weight_;           // (V, C)
  std::vector<std::int8_t> q_;  // (V, stride), zeros behind C
  std::vector<float> scale_;    // (V): weight ~ scale q
  std::vector<float> rest_;     // (V): length of weight - scale q, rounded up
  std::int64_t stride_ = 0;     // a multiple of 32
  mutable std::int64_t candidates_ = 0;
};

}  // namespace eyechart::encoders
