// Linear layers in float32 for few rows of input, which wait for their weights:
// those that 16 bits hold exactly are read in 16 bits.
//
// Most checkpoints are published in half precision. A decoder that writes token
// by token multiplies one row with each weight, so that half the bytes are half
// the time, and the products and sums are float32's all the same.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "encoders/activation.h"
#include "encoders/narrow_kernels.h"
#include "encoders/placement.h"

namespace eyechart::encoders {

/// y = activation(x W^T + b), on LibTorch's threads; the same bits whatever
/// their number and the number of rows.
class NarrowProduct {
 public:
  /// Rows up to which it pays; for more a product of float32 weights does.
  static constexpr std::int64_t kMostRows = 12;

  /// `weight` (N, K) and `bias` are float32 on the CPU; an undefined bias means
  /// none. Nothing where `placement` is not float32 on a CPU with AVX2 and
  /// F16C, or where neither fp16 nor bf16 holds every weight as it is rounded
  /// there.
  static std::optional<NarrowProduct> Create(const at::Tensor& weight,
                                             const at::Tensor& bias,
                                             const Placement& placement,
                                             Activation activation);

  /// x: (..., K), kMostRows rows at most -> (..., N), plus `residual` (..., N)
  /// where it is defined.
  at::Tensor Forward(const at::Tensor& x, const at::Tensor& residual) const;

  /// Whether x (..., K) has few enough rows, and at least one.
  static bool Takes(const at::Tensor& x);

 private:
  NarrowProduct(const at::Tensor& narrow,
                const at::Tensor& bias,
                Activation activation);

  at::Tensor data_;  // (panels kTileColumns, stride), zeros where padded
  at::Tensor bias_;  // (panels kTileColumns)
  internal::NarrowKind kind_;
  Activation activation_;
  std::int64_t inputs_;
  std::int64_t outputs_;
};

}  // namespace eyechart::encoders
