#include "encoders/hiera_trunk.h"

#include <ATen/ops/upsample_bicubic2d.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// The reference orders tokens by `levels` steps of unrolling: each puts the
// `stride` x `stride` cells that one pooling joins outermost, and goes on with
// the rest as a smaller map. A side of cells is then the digits
// (rest, a_levels, ..., a_1), the sequence (a_1, b_1, ..., a_levels, b_levels,
// rows of the rest, columns of the rest). Source: unroll of transformers.
struct Unrolling {
  std::int64_t levels;
  std::int64_t stride;

  std::int64_t Power() const {
    std::int64_t power = 1;
    for (std::int64_t i = 0; i < levels; ++i) power *= stride;
    return power;
  }

  // (B, h, w, C) -> (B, W, T, C), W the cells of the rest (see HieraBlock).
  at::Tensor Apply(const at::Tensor& map) const {
    std::vector<std::int64_t> shape{map.size(0)};
    for (const std::int64_t side : {map.size(1), map.size(2)}) {
      shape.push_back(side / Power());
      shape.insert(shape.end(), static_cast<std::size_t>(levels), stride);
    }
    shape.push_back(map.size(3));
    // Dimension 1 is the rows' rest, 2 + levels the columns'.
    std::vector<std::int64_t> order{0, 1, 2 + levels};
    for (std::int64_t i = levels; i > 0; --i) {
      order.push_back(1 + i);
      order.push_back(2 + levels + i);
    }
    order.push_back(3 + 2 * levels);
    return map.view(shape).permute(order).reshape(
        {map.size(0), map.size(1) * map.size(2) / (Power() * Power()),
         Power() * Power(), map.size(3)});
  }

  // A sequence (B, h w, C) in the reference's order -> (B, C, h, w).
  at::Tensor Undo(const at::Tensor& sequence,
                  std::int64_t rows,
                  std::int64_t columns) const {
    std::vector<std::int64_t> shape{sequence.size(0)};
    shape.insert(shape.end(), static_cast<std::size_t>(2 * levels), stride);
    shape.insert(shape.end(),
                 {rows / Power(), columns / Power(), sequence.size(2)});
    std::vector<std::int64_t> order{0, 3 + 2 * levels};
    for (const std::int64_t side : {0, 1}) {
      order.push_back(1 + 2 * levels + side);
      for (std::int64_t i = levels; i > 0; --i)
        order.push_back(2 * i - 1 + side);
    }
    return sequence.view(shape)
        .permute(order)
        .reshape({sequence.size(0), sequence.size(2), rows, columns})
        .contiguous();
  }
};

// (B, W, T, C) -> (B, W T, C) in the reference's order.
at::Tensor Sequence(const at::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), -1, x.size(3)});
}

// The same tokens as `groups` groups.
at::Tensor Regroup(const at::Tensor& x, std::int64_t groups) {
  if (x.size(1) == groups) return x;
  return Sequence(x)
      .view({x.size(0), -1, groups, x.size(3)})
      .transpose(1, 2)
      .contiguous();
}

}  // namespace

HieraTrunk::HieraTrunk(HieraParts parts,
                       EncoderInfo info,
                       const Placement& placement)
    : parts_(std::move(parts)), info_(std::move(info)), placement_(placement) {}

HieraTrunk::Grid HieraTrunk::GridOf(std::int64_t height,
                                    std::int64_t width) const {
  const auto levels = static_cast<std::int64_t>(parts_.stages.size()) - 1;
  const std::int64_t patch = parts_.embedding.shape().stride;
  const std::int64_t multiple =
      patch * Unrolling{levels, parts_.query_stride}.Power();
  EYECHART_REQUIRE(height > 0 && width > 0 && height % multiple == 0 &&
                       width % multiple == 0,
                   "{}: a picture of {} x {} pixels does not divide into the "
                   "mask units of {}; its sides should be multiples of {}",
                   parts_.source, height, width, info_.family, multiple);
  const Grid grid{height / patch, width / patch};
  EYECHART_REQUIRE(
      parts_.embedding.OutputSide(height) == grid.rows &&
          parts_.embedding.OutputSide(width) == grid.columns,
      "{}: of a picture of {} x {} pixels \"patch_size\", \"patch_stride\" and "
      "\"patch_padding\" make {} x {} cells, and {} takes {} x {}",
      parts_.source, height, width, parts_.embedding.OutputSide(height),
      parts_.embedding.OutputSide(width), info_.family, grid.rows,
      grid.columns);
  std::int64_t tokens = grid.rows * grid.columns;
  for (const auto& stage : parts_.stages) {
    for (const HieraBlock& block : stage) {
      const std::int64_t group =
          block.options().pool *
          std::max<std::int64_t>(block.options().window, 1);
      EYECHART_REQUIRE(tokens % group == 0,
                       "{}: the {} tokens of a picture of {} x {} pixels do "
                       "not divide into mask units of {}",
                       parts_.source, tokens, height, width, group);
      tokens /= block.options().pool;
    }
  }
  return grid;
}

const at::Tensor& HieraTrunk::Positions(std::int64_t height,
                                        std::int64_t width) {
  if (height == cached_height_ && width == cached_width_) return positions_;
  const std::int64_t count = parts_.positions.size(0);
  const std::int64_t c = parts_.positions.size(1);
  const auto [rows, columns] = GridOf(height, width);
  at::Tensor table = parts_.positions;
  // The reference's own condition for taking the table as it is.
  if (rows * columns != count || height != width) {
    const std::int64_t side = std::llround(std::sqrt(count));
    table = at::upsample_bicubic2d(
                table.view({1, side, side, c}).permute({0, 3, 1, 2}),
                {rows, columns}, /*align_corners=*/false)
                .permute({0, 2, 3, 1})
                .reshape({rows * columns, c});
  }
  positions_ = placement_.Put(table);
  cached_height_ = height;
  cached_width_ = width;
  return positions_;
}

at::Tensor HieraTrunk::Embed(const at::Tensor& pixels) {
  const at::Tensor& positions = Positions(pixels.size(2), pixels.size(3));
  const at::Tensor map =
      parts_.embedding.Forward(pixels.to(placement_.device, placement_.dtype)
                                   .permute({0, 2, 3, 1})
                                   .contiguous());
  map.flatten(1, 2).add_(positions);
  const auto levels = static_cast<std::int64_t>(parts_.stages.size()) - 1;
  return Unrolling{levels, parts_.query_stride}.Apply(map);
}

at::Tensor HieraTrunk::Map(const at::Tensor& x,
                           std::size_t stage,
                           const Grid& grid) const {
  const auto levels = static_cast<std::int64_t>(parts_.stages.size()) - 1;
  const std::int64_t pooled =
      std::min(static_cast<std::int64_t>(stage), parts_.pools);
  const std::int64_t scale = Unrolling{pooled, parts_.query_stride}.Power();
  return Unrolling{levels - pooled, parts_.query_stride}.Undo(
      Sequence(x), grid.rows / scale, grid.columns / scale);
}

Features HieraTrunk::Encode(const at::Tensor& pixels,
                            const EncodeRequest& request) {
  EYECHART_CHECK(pixels.dim() == 4 && pixels.size(1) == 3, "pixels");
  EYECHART_CHECK(!request.pool || info_.pools.contains(*request.pool),
                 "{} has no such pool", info_.family);
  const Grid grid = GridOf(pixels.size(2), pixels.size(3));
  const c10::InferenceMode inference;
  Features features;
  at::Tensor x = Embed(pixels);
  for (std::size_t i = 0; i < parts_.stages.size(); ++i) {
    for (const HieraBlock& block : parts_.stages[i]) {
      const HieraBlockOptions& options = block.options();
      if (options.window > 0)
        x = Regroup(x, x.size(1) * x.size(2) / (options.pool * options.window));
      else if (x.size(2) % options.pool != 0)
        x = Regroup(x, 1);
      x = block.Forward(x);
    }
    if (request.pyramid) features.pyramid.push_back(Map(x, i, grid));
  }
  if (request.pool)
    features.pooled = x.mean({1, 2}, /*keepdim=*/false, c10::kFloat);
  if (request.pool == Pool::kHead)
    features.pooled = parts_.pooler->Forward(features.pooled);
  if (request.tokens) features.tokens = Sequence(x);
  if (request.feature_map)
    features.feature_map = request.pyramid
                               ? features.pyramid.back()
                               : Map(x, parts_.stages.size() - 1, grid);
  return features;
}

std::int64_t HieraTrunk::TokenCount(int height, int width) const {
  const Grid grid = GridOf(height, width);
  const std::int64_t scale =
      Unrolling{parts_.pools, parts_.query_stride}.Power();
  return grid.rows * grid.columns / (scale * scale);
}

double HieraTrunk::Flops(int height, int width) const {
  const Grid grid = GridOf(height, width);
  std::int64_t tokens = grid.rows * grid.columns;
  double sum = static_cast<double>(tokens) *
               static_cast<double>(parts_.embedding.multiply_adds());
  for (const auto& stage : parts_.stages) {
    for (const HieraBlock& block : stage) {
      sum += block.multiply_adds(tokens);
      tokens /= block.options().pool;
    }
  }
  return 2 * sum;
}

}  // namespace eyechart::encoders
