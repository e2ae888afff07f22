#include "mining/panels.h"

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>

#include "core/interrupt.h"
#include "mining/kernels.h"

namespace eyechart::mining {
namespace {

// Large enough for the matrix product to run at full speed, small enough for
// the tile (4 MiB) to stay in cache until it is read.
constexpr std::int64_t kTileRows = 1024;
constexpr std::int64_t kMinTileRows = 64;

struct Geometry {
  std::int64_t tile = 0;   // rows and columns of a tile
  std::int64_t panel = 0;  // rows that stay; a multiple of `tile`
};

Geometry PlanGeometry(const PanelSource& source, const EngineOptions& options) {
  // A tile of t x t products and as many candidates, and a panel of columns.
  const auto tile_bytes = [&](std::int64_t t) {
    return t * t *
               static_cast<std::int64_t>(sizeof(float) + sizeof(Candidate)) +
           t * source.width * static_cast<std::int64_t>(sizeof(float));
  };
  Geometry plan;
  plan.tile = options.tile_rows > 0 ? options.tile_rows : kTileRows;
  if (options.tile_rows == 0) {
    while (plan.tile > kMinTileRows &&
           tile_bytes(plan.tile) > options.memory_bytes / 2)
      plan.tile /= 2;
  }
  // The rows that stay take what is left: the more of them, the less often the
  // columns are read again.
  const std::int64_t row_bytes =
      plan.tile * source.width * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t tiles = std::max<std::int64_t>(
      1, (options.memory_bytes - tile_bytes(plan.tile)) / row_bytes);
  const std::int64_t needed = (source.count + plan.tile - 1) / plan.tile;
  plan.panel = std::min(tiles, needed) * plan.tile;
  return plan;
}

// Where a row's candidates begin among all of the tile's: columns right of the
// diagonal only.
std::int64_t FirstColumn(std::int64_t row, std::int64_t column_begin) {
  return std::max<std::int64_t>(0, row + 1 - column_begin);
}

// Collects the candidates of one tile, rows in order and columns in order.
class TileScan {
 public:
  TileScan(float threshold, bool dot_is_cosine)
      : threshold_(threshold), dot_is_cosine_(dot_is_cosine) {}

  // `tile` is (rows, columns), of rows from `row_begin` and columns from
  // `column_begin` on.
  std::span<const Candidate> Collect(const float* tile,
                                     std::int64_t row_begin,
                                     std::int64_t rows,
                                     std::int64_t column_begin,
                                     std::int64_t columns) {
    starts_.assign(static_cast<std::size_t>(rows) + 1, 0);
    at::parallel_for(0, rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t skip = FirstColumn(row_begin + r, column_begin);
        if (skip < columns)
          starts_[r + 1] =
              CountAbove(tile + r * columns + skip, columns - skip, threshold_);
      }
    });
    for (std::int64_t r = 0; r < rows; ++r) starts_[r + 1] += starts_[r];
    const std::int64_t total = starts_[rows];
    if (total > static_cast<std::int64_t>(found_.size()))
      found_.resize(static_cast<std::size_t>(total));
    at::parallel_for(0, rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        if (starts_[r + 1] > starts_[r])
          CollectRow(tile + r * columns, row_begin + r, column_begin, columns,
                     starts_[r]);
    });
    return {found_.data(), static_cast<std::size_t>(total)};
  }

 private:
  void CollectRow(const float* values,
                  std::int64_t row,
                  std::int64_t column_begin,
                  std::int64_t columns,
                  std::int64_t at) {
    constexpr std::int64_t kChunk = 64;
    std::int64_t begin = FirstColumn(row, column_begin);
    for (; begin < columns; begin += kChunk) {
      const std::int64_t end = std::min(begin + kChunk, columns);
      if (CountAbove(values + begin, end - begin, threshold_) == 0) continue;
      for (std::int64_t c = begin; c < end; ++c)
        if (values[c] > threshold_)
          found_[at++] = {static_cast<std::uint32_t>(row),
                          static_cast<std::uint32_t>(column_begin + c),
                          dot_is_cosine_ ? values[c] : Candidate::kUnknown};
    }
  }

  float threshold_;
  bool dot_is_cosine_;
  std::vector<std::int64_t> starts_;
  std::vector<Candidate> found_;
};

at::Tensor Matrix(float* data, std::int64_t rows, std::int64_t columns) {
  return at::from_blob(data, {rows, columns}, at::kFloat);
}

}  // namespace

void SearchPanels(const PanelSource& source,
                  float threshold,
                  bool dot_is_cosine,
                  const EngineOptions& options,
                  const CandidateSink& sink,
                  Progress& progress) {
  const std::int64_t n = source.count;
  const std::int64_t width = source.width;
  const Geometry plan = PlanGeometry(source, options);
  const std::int64_t side = (n + plan.tile - 1) / plan.tile;
  progress.Begin("mining tiles", side * (side + 1) / 2);
  const auto sized = [](std::int64_t values) {
    return std::vector<float>(static_cast<std::size_t>(values));
  };
  std::vector<float> panel = sized(std::min(plan.panel, n) * width);
  std::vector<float> columns = sized(std::min(plan.tile, n) * width);
  std::vector<float> tile = sized(std::min(plan.tile, n) * plan.tile);
  TileScan scan(threshold, dot_is_cosine);
  std::int64_t done = 0;
  for (std::int64_t top = 0; top < n; top += plan.panel) {
    const std::int64_t bottom = std::min(top + plan.panel, n);
    source.load(top, bottom - top, panel.data());
    for (std::int64_t left = top; left < n; left += plan.tile) {
      const std::int64_t right = std::min(left + plan.tile, n);
      float* column_rows = columns.data();
      if (right <= bottom)  // already here, among the rows that stay
        column_rows = panel.data() + (left - top) * width;
      else
        source.load(left, right - left, column_rows);
      const at::Tensor b = Matrix(column_rows, right - left, width);
      for (std::int64_t i = top; i < bottom && i <= left; i += plan.tile) {
        ThrowIfInterrupted();
        const std::int64_t rows = std::min(plan.tile, bottom - i);
        at::Tensor out = Matrix(tile.data(), rows, right - left);
        at::mm_out(out, Matrix(panel.data() + (i - top) * width, rows, width),
                   b.t());
        const auto found =
            scan.Collect(tile.data(), i, rows, left, right - left);
        if (!found.empty()) sink(found);
        progress.Update(++done);
      }
    }
  }
  progress.End();
}

}  // namespace eyechart::mining
