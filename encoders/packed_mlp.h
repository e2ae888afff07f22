// An MLP of two packed products whose inner map is never whole in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include "encoders/packed_product.h"

namespace eyechart::encoders {

class PackedMlp {
 public:
  /// `down` takes what `up` gives.
  PackedMlp(PackedProduct up, PackedProduct down);

  /// residual + down(up(x)) for x and residual (..., C). A block of rows at a
  /// time: the inner map, several times the input, stays in cache, and in the
  /// layout that `down` reads.
  at::Tensor ForwardAdd(const at::Tensor& x, const at::Tensor& residual) const;

 private:
  PackedProduct up_;
  PackedProduct down_;
};

}  // namespace eyechart::encoders
