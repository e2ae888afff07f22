#include "encoders/patch_embedding.h"

#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <cmath>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

std::int64_t SquareSide(std::int64_t patches) {
  return std::llround(std::sqrt(static_cast<double>(patches)));
}

// Resamples a square table of positions (N, C) to (h w, C): bicubic without
// antialias, in float32. Source: interpolate_pos_encoding of transformers' CLIP
// and DINOv2.
at::Tensor Interpolate(const at::Tensor& table,
                       std::int64_t rows,
                       std::int64_t columns) {
  const std::int64_t side = SquareSide(table.size(0));
  const at::Tensor grid =
      table.view({1, side, side, table.size(1)}).permute({0, 3, 1, 2});
  return at::upsample_bicubic2d(grid, {rows, columns}, /*align_corners=*/false)
      .permute({0, 2, 3, 1})
      .reshape({rows * columns, table.size(1)});
}

}  // namespace

PatchEmbedding::PatchEmbedding(const PatchEmbeddingWeights& weights,
                               const Placement& placement)
    : placement_(placement),
      patch_(weights.projection.size(2)),
      projection_(weights.projection.flatten(1), weights.bias, placement) {
  const auto options = weights.positions.options()
                           .dtype(placement.dtype)
                           .device(placement.device);
  first_ = (weights.class_token + weights.positions[0]).to(options);
  table_ =
      weights.positions.narrow(0, 1, weights.positions.size(0) - 1).clone();
}

const at::Tensor& PatchEmbedding::PatchPositions(std::int64_t height,
                                                 std::int64_t width) {
  if (height == height_ && width == width_) return positions_;
  const std::int64_t rows = height / patch_;
  const std::int64_t columns = width / patch_;
  // The reference's own condition: a square of as many patches takes the table
  // as it is, even where the pixels are not those of the native size.
  const bool native = rows * columns == table_.size(0) && height == width;
  const at::Tensor positions =
      native ? table_ : Interpolate(table_, rows, columns);
  positions_ = positions.to(
      table_.options().dtype(placement_.dtype).device(placement_.device));
  height_ = height;
  width_ = width;
  return positions_;
}

at::Tensor PatchEmbedding::Forward(const at::Tensor& pixels) {
  EYECHART_CHECK(pixels.dim() == 4 && pixels.size(1) == 3, "pixels");
  const std::int64_t batch = pixels.size(0);
  const std::int64_t rows = pixels.size(2) / patch_;
  const std::int64_t columns = pixels.size(3) / patch_;
  EYECHART_REQUIRE(rows > 0 && columns > 0,
                   "a picture of {} x {} pixels is smaller than one patch of "
                   "{} x {}",
                   pixels.size(2), pixels.size(3), patch_, patch_);
  const at::Tensor& positions = PatchPositions(pixels.size(2), pixels.size(3));
  const auto options =
      table_.options().dtype(placement_.dtype).device(placement_.device);

  // A convolution whose stride is its kernel is a linear layer on patches.
  const at::Tensor blocks =
      pixels.narrow(2, 0, rows * patch_)
          .narrow(3, 0, columns * patch_)
          .reshape({batch, 3, rows, patch_, columns, patch_})
          .permute({0, 2, 4, 1, 3, 5});
  const at::Tensor patches =
      at::empty({batch, rows, columns, 3, patch_, patch_}, options);
  patches.copy_(blocks);
  const at::Tensor projected = projection_.Forward(
      patches.view({batch, rows * columns, 3 * patch_ * patch_}));

  at::Tensor tokens =
      at::empty({batch, 1 + rows * columns, first_.size(0)}, options);
  tokens.select(1, 0).copy_(first_);
  at::Tensor rest = tokens.narrow(1, 1, rows * columns);
  at::add_out(rest, projected, positions);
  return tokens;
}

}  // namespace eyechart::encoders
