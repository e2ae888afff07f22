// A convolution on maps that keep a cell's channels together, (B, H, W, C), as
// tokens do: what the hierarchical encoders mix with their linear layers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "encoders/linear.h"

namespace eyechart::encoders {

/// How a square kernel is moved, the same along both sides.
struct ConvolutionShape {
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
};

/// y = x * W + b, two-dimensional.
class Convolution {
 public:
  Convolution() = default;
  /// `weight` (O, I / groups, K, K) and `bias` (O) are float32 on the CPU.
  Convolution(const at::Tensor& weight,
              const at::Tensor& bias,
              const ConvolutionShape& shape,
              const Placement& placement);

  /// x: (B, H, W, I) of any float type on the placement's device ->
  /// (B, OutputSide(H), OutputSide(W), O) in the placement's dtype, contiguous.
  at::Tensor Forward(const at::Tensor& x) const;

  /// x + Forward(x), where the two are of one shape.
  at::Tensor ForwardAdd(const at::Tensor& x) const;

  /// Cells along a side of `side` cells; below 1 where the kernel does not fit.
  std::int64_t OutputSide(std::int64_t side) const;

  std::int64_t kernel() const { return kernel_; }
  const ConvolutionShape& shape() const { return shape_; }
  /// Multiply-adds of one cell of output.
  std::int64_t multiply_adds() const { return cell_multiply_adds_; }

 private:
  at::Tensor Run(const at::Tensor& x, bool add) const;
  at::Tensor Patches(const at::Tensor& x) const;

  Placement placement_;
  ConvolutionShape shape_;
  at::Tensor weight_;  // (O, I / G, K, K), or oneDNN's own layout where packed_
  std::optional<at::Tensor> bias_;
  bool packed_ = false;
  std::optional<Linear> on_patches_;  // in its place, where patches are apart
  std::int64_t kernel_ = 0;
  std::int64_t cell_multiply_adds_ = 0;
};

}  // namespace eyechart::encoders
