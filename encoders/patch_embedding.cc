#include "encoders/patch_embedding.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/add.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <cmath>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

std::int64_t SquareSide(std::int64_t patches) {
  return std::llround(std::sqrt(static_cast<double>(patches)));
}

// Resamples a square table of positions (N, C) to (h w, C), in float32.
at::Tensor Interpolate(const at::Tensor& table,
                       std::int64_t rows,
                       std::int64_t columns,
                       bool antialias) {
  const std::int64_t side = SquareSide(table.size(0));
  const at::Tensor grid =
      table.view({1, side, side, table.size(1)}).permute({0, 3, 1, 2});
  const at::Tensor resampled =
      antialias ? at::_upsample_bicubic2d_aa(grid, {rows, columns},
                                             /*align_corners=*/false)
                : at::upsample_bicubic2d(grid, {rows, columns},
                                         /*align_corners=*/false);
  return resampled.permute({0, 2, 3, 1})
      .reshape({rows * columns, table.size(1)});
}

// (h w, C): sines and cosines of the column at C / 4 frequencies, then of the
// row; in float64, as the reference computes them.
at::Tensor SinCos(std::int64_t rows, std::int64_t columns, std::int64_t width) {
  constexpr double kBase = 10000;
  const std::int64_t count = width / 4;
  const at::Tensor frequency =
      at::pow(kBase, at::arange(count, c10::kDouble) / count).reciprocal();
  const auto waves = [&](std::int64_t extent) {
    const at::Tensor angle =
        at::arange(extent, c10::kDouble).unsqueeze(1) * frequency;
    return at::cat({angle.sin(), angle.cos()}, 1);
  };
  const at::Tensor across =
      waves(columns).unsqueeze(0).expand({rows, columns, 2 * count});
  const at::Tensor down =
      waves(rows).unsqueeze(1).expand({rows, columns, 2 * count});
  return at::cat({across, down}, 2)
      .reshape({rows * columns, width})
      .to(c10::kFloat);
}

}  // namespace

PatchEmbedding::PatchEmbedding(const PatchEmbeddingWeights& weights,
                               PositionRule rule,
                               const Placement& placement)
    : source_(weights.source),
      placement_(placement),
      rule_(rule),
      patch_(weights.projection.size(2)),
      width_(weights.projection.size(0)),
      prefix_(0),
      has_class_token_(weights.class_token.defined()),
      projection_(weights.projection.flatten(1), weights.bias, placement),
      norm_(weights.norm) {
  EYECHART_CHECK(weights.positions.defined() == (rule != PositionRule::kSinCos),
                 "a table of positions goes with all rules but kSinCos");
  at::Tensor table = weights.positions;
  std::vector<at::Tensor> first;
  if (has_class_token_) {
    first.push_back((weights.class_token + table[0]).unsqueeze(0));
    table = table.narrow(0, 1, table.size(0) - 1);
  }
  if (weights.registers.defined()) first.push_back(weights.registers);
  if (!first.empty()) {
    first_ = placement.Put(at::cat(first));
    prefix_ = first_.size(0);
  }
  if (table.defined()) table_ = table.clone();
}

const at::Tensor& PatchEmbedding::PatchPositions(std::int64_t height,
                                                 std::int64_t width) {
  if (height == cached_height_ && width == cached_width_) return positions_;
  const std::int64_t rows = height / patch_;
  const std::int64_t columns = width / patch_;
  at::Tensor positions;
  if (rule_ == PositionRule::kSinCos) {
    positions = SinCos(rows, columns, width_);
  } else if (rule_ == PositionRule::kFixed) {
    const std::int64_t side = SquareSide(table_.size(0));
    EYECHART_REQUIRE(
        rows == side && columns == side,
        "{}: a picture of {} x {} pixels has {} x {} patches; this model's "
        "positions are fixed at {} x {}, which {} x {} pixels give",
        source_, height, width, rows, columns, side, side, side * patch_,
        side * patch_);
    positions = table_;
  } else if (rows * columns == table_.size(0) && height == width) {
    // The reference's own condition: a square of as many patches takes the
    // table as it is, even where the pixels are not those of the native size.
    positions = table_;
  } else {
    positions = Interpolate(table_, rows, columns,
                            rule_ == PositionRule::kBicubicAntialias);
  }
  positions_ = placement_.Put(positions);
  cached_height_ = height;
  cached_width_ = width;
  return positions_;
}

at::Tensor PatchEmbedding::Forward(const at::Tensor& pixels) {
  EYECHART_CHECK(pixels.dim() == 4 && pixels.size(1) == 3, "pixels");
  const std::int64_t batch = pixels.size(0);
  const std::int64_t rows = pixels.size(2) / patch_;
  const std::int64_t columns = pixels.size(3) / patch_;
  EYECHART_REQUIRE(rows > 0 && columns > 0,
                   "{}: a picture of {} x {} pixels is smaller than one patch "
                   "of {} x {}",
                   source_, pixels.size(2), pixels.size(3), patch_, patch_);
  const at::Tensor& positions = PatchPositions(pixels.size(2), pixels.size(3));
  const auto options =
      pixels.options().dtype(placement_.dtype).device(placement_.device);

  // A convolution whose stride is its kernel is a linear layer on patches.
  const at::Tensor blocks =
      pixels.narrow(2, 0, rows * patch_)
          .narrow(3, 0, columns * patch_)
          .reshape({batch, 3, rows, patch_, columns, patch_})
          .permute({0, 2, 4, 1, 3, 5});
  const at::Tensor patches =
      at::empty({batch, rows, columns, 3, patch_, patch_}, options);
  patches.copy_(blocks);
  at::Tensor projected = projection_.Forward(
      patches.view({batch, rows * columns, 3 * patch_ * patch_}));
  if (norm_) projected = norm_->Forward(projected);
  if (prefix_ == 0) return projected.add_(positions);

  at::Tensor tokens =
      at::empty({batch, prefix_ + rows * columns, width_}, options);
  tokens.narrow(1, 0, prefix_).copy_(first_);
  at::Tensor rest = tokens.narrow(1, prefix_, rows * columns);
  at::add_out(rest, projected, positions);
  return tokens;
}

}  // namespace eyechart::encoders
