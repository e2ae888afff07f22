// Linear layers for processors with AVX2 and FMA but without AVX-512, in
// float32: weights packed once, and bias, activation and residual added while a
// tile of output is in the nearest cache.
//
// oneDNN's products reach 80 % of such a processor's peak, and its activations
// cost a quarter of a product; with AVX-512, or in half precision where the
// processor has units for it, oneDNN is near the peak and serves (Linear).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "encoders/activation.h"
#include "encoders/placement.h"

namespace eyechart::encoders {
namespace internal {

/// How rows of `length` values are regrouped: `width` rows a group, and blocks
/// of `depth` values, so that what one tile reads stands together:
/// (blocks, groups, values of the block, width).
struct PackedLayout {
  std::int64_t groups = 0;
  std::int64_t width = 1;
  std::int64_t length = 0;
  std::int64_t depth = 1;

  /// Of value `k` of the first row of `group`.
  std::int64_t Offset(std::int64_t group, std::int64_t k) const;
  /// Values from `k`, where a block begins, to its end.
  std::int64_t BlockDepth(std::int64_t k) const;
  std::int64_t size() const { return groups * width * length; }
};

/// What is to be multiplied: rows in the layout of PackedProduct::RowLayout.
struct PackedRows {
  const float* data = nullptr;
  std::int64_t rows = 0;
};

/// Where a product goes: row by row, plus `residual` unless null, or, with
/// `packed`, as the rows of the next product, which has that layout.
struct ProductOutput {
  float* data = nullptr;
  const float* residual = nullptr;
  const PackedLayout* packed = nullptr;
};

}  // namespace internal

/// What a product's sums pass through.
enum class ProductEnd {
  kActivation,
  kSiluGate,  // of 2 N sums, silu of the first N times the second
};

/// y = activation(x W^T + b), on LibTorch's threads; the same bits whatever
/// their number and the number of rows.
class PackedProduct {
 public:
  /// Whether this is the way to multiply there.
  static bool Serves(const Placement& placement);

  /// `weight` (N, K), or (2 N, K) for kSiluGate, and `bias` are float32 on the
  /// CPU; an undefined bias means none. Needs HasTileKernels().
  PackedProduct(const at::Tensor& weight,
                const at::Tensor& bias,
                Activation activation,
                ProductEnd end = ProductEnd::kActivation);

  /// x: (..., K) -> (..., N), plus `residual` (..., N) where it is defined.
  at::Tensor Forward(const at::Tensor& x, const at::Tensor& residual) const;

  /// The same into `out`, contiguous (..., N): no memory is taken for it.
  void ForwardTo(const at::Tensor& x,
                 const at::Tensor& residual,
                 const at::Tensor& out) const;

  /// The layout of `rows` rows of input.
  internal::PackedLayout RowLayout(std::int64_t rows) const;

  /// `rows` row-major rows of input into RowLayout(rows).
  void Pack(const float* x, std::int64_t rows, float* packed) const;

  void Multiply(const internal::PackedRows& x,
                const internal::ProductOutput& to) const;

  std::int64_t inputs() const { return weights_.length; }
  std::int64_t outputs() const { return outputs_; }

 private:
  struct Task;

  void Run(const Task& task,
           const internal::PackedRows& x,
           const internal::ProductOutput& to) const;
  void Finish(std::int64_t group,
              std::int64_t panel,
              std::int64_t rows,
              float* tile,
              const internal::ProductOutput& to) const;

  internal::PackedLayout weights_;  // a group is a panel of kTileColumns sums
  at::Tensor data_;                 // in that layout
  at::Tensor bias_;                 // (panels kTileColumns)
  Activation activation_;
  ProductEnd end_;
  std::int64_t outputs_;
};

/// Rows that a layer takes at once, so that what lies between the layers of
/// `rows` rows stays in cache: a count that divides them evenly.
std::int64_t ProductBlockRows(std::int64_t rows);

}  // namespace eyechart::encoders
