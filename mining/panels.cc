#include "mining/panels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/interrupt.h"
#include "mining/kernels.h"
#include "mining/tile_product.h"

#ifndef _OPENMP
#error "at::parallel_for is serial in a file compiled without OpenMP"
#endif

namespace eyechart::mining {
namespace {

// Large enough for the matrix product to run at full speed, small enough for
// the tile (1 MiB) to stay in cache until it is read.
constexpr std::int64_t kTileRows = 512;
constexpr std::int64_t kMinTileRows = 32;
// On a GPU, where a call costs more and the products stay.
constexpr std::int64_t kDeviceTileRows = 8192;
// A worker hands its candidates on when it has so many.
constexpr std::size_t kPanelBatch = 1 << 15;

std::int64_t Floats(std::int64_t count) {
  return count * static_cast<std::int64_t>(sizeof(float));
}

struct Geometry {
  std::int64_t tile = 0;     // rows and columns of a tile
  std::int64_t panel = 0;    // rows that stay
  std::int64_t columns = 0;  // rows that pass by
};

Geometry PlanGeometry(const PanelSource& source,
                      const EngineOptions& options,
                      bool on_device) {
  const std::int64_t memory = options.memory_bytes;
  Geometry plan;
  plan.tile = options.tile_rows;
  if (plan.tile == 0 && on_device) plan.tile = kDeviceTileRows;
  if (plan.tile == 0) {
    plan.tile = kTileRows;
    while (plan.tile > kMinTileRows &&
           Floats(plan.tile * (plan.tile * at::get_num_threads() +
                               2 * source.width)) > memory)
      plan.tile /= 2;
  }
  const std::int64_t row = Floats(plan.tile * source.width);
  const std::int64_t needed =
      (std::clamp<std::int64_t>(source.count, 1, options.unit_rows) +
       plan.tile - 1) /
      plan.tile;
  // The rows that stay take most of it: the more of them, the less often the
  // others are read again.
  plan.columns =
      std::clamp<std::int64_t>(memory / 8 / row, 1, needed) * plan.tile;
  const std::int64_t rest =
      memory - Floats(plan.columns * source.width) -
      Floats(plan.tile * plan.tile) * at::get_num_threads();
  plan.panel = std::clamp<std::int64_t>(rest / row, 1, needed) * plan.tile;
  return plan;
}

struct Tile {
  std::int64_t row;
  std::int64_t column;
};

// Pairs i < j with i in [top, bottom) and j in [left, right).
std::int64_t PairsIn(std::int64_t top,
                     std::int64_t bottom,
                     std::int64_t left,
                     std::int64_t right) {
  std::int64_t pairs = 0;
  // Rows that end before the columns begin meet all of them.
  const std::int64_t before = std::clamp(left, top, bottom);
  pairs += (before - top) * (right - left);
  for (std::int64_t i = before; i < bottom && i + 1 < right; ++i)
    pairs += right - (i + 1);
  return pairs;
}

// What all tiles of a search share. Each thread takes the next tile when it is
// done with its last: one barrier a block, not three a tile, for barriers are
// what is slow where other programs run on the same cores.
class TileSearch {
 public:
  TileSearch(const TileProduct& product,
             float threshold,
             bool dot_is_cosine,
             const CandidateSink& sink,
             Progress& progress)
      : product_(product),
        threshold_(threshold),
        dot_is_cosine_(dot_is_cosine),
        sink_(sink),
        progress_(progress) {}

  // All pairs i < j with i in `rows` and j in `columns`.
  void Search(const Block& rows, const Block& columns, std::int64_t size) {
    std::vector<Tile> tiles;
    for (std::int64_t j = columns.begin; j < columns.end; j += size)
      for (std::int64_t i = rows.begin; i < rows.end && i <= j; i += size)
        tiles.push_back({i, j});
    std::atomic<std::size_t> next = 0;
    const std::int64_t workers =
        std::min<std::int64_t>(product_.on_device() ? 1 : at::get_num_threads(),
                               static_cast<std::int64_t>(tiles.size()));
    at::parallel_for(0, workers, 1, [&](std::int64_t, std::int64_t) {
      std::vector<float> products(
          static_cast<std::size_t>(product_.on_device() ? 0 : size * size));
      std::vector<Candidate> found;
      while (true) {
        const std::size_t at = next++;
        if (at >= tiles.size()) break;
        ThrowIfInterrupted();
        SearchTile(rows, columns, tiles[at], size, products.data(), found);
        Skip(PairsIn(tiles[at].row, std::min(tiles[at].row + size, rows.end),
                     tiles[at].column,
                     std::min(tiles[at].column + size, columns.end)));
      }
      if (!found.empty()) sink_(found);
    });
  }

  // Pairs that need not be compared any more.
  void Skip(std::int64_t pairs) {
    const std::lock_guard lock(mutex_);
    progress_.Update(done_ += pairs);
  }

 private:
  void SearchTile(const Block& rows,
                  const Block& columns,
                  const Tile& tile,
                  std::int64_t size,
                  float* products,
                  std::vector<Candidate>& found) const {
    const std::int64_t n = std::min(size, rows.end - tile.row);
    const std::int64_t m = std::min(size, columns.end - tile.column);
    if (product_.on_device()) {
      for (const TileHit& hit : product_.Above(rows, tile.row, n, columns,
                                               tile.column, m, threshold_))
        if (tile.column + hit.column > tile.row + hit.row)
          found.push_back({static_cast<std::uint32_t>(tile.row + hit.row),
                           static_cast<std::uint32_t>(tile.column + hit.column),
                           dot_is_cosine_ ? hit.product : Candidate::kUnknown});
      HandOn(found);
      return;
    }
    product_.Multiply(rows, tile.row, n, columns, tile.column, m, products);
    for (std::int64_t r = 0; r < n; ++r) {
      CollectRow(products + r * m, m, tile.row + r, tile.column, found);
      HandOn(found);
    }
  }

  void HandOn(std::vector<Candidate>& found) const {
    if (found.size() < kPanelBatch) return;
    sink_(found);
    found.clear();
  }

  void CollectRow(const float* values,
                  std::int64_t count,
                  std::int64_t row,
                  std::int64_t column,
                  std::vector<Candidate>& found) const {
    constexpr std::int64_t kChunk = 64;
    // Right of the diagonal only.
    std::int64_t begin = std::max<std::int64_t>(0, row + 1 - column);
    if (begin >= count ||
        CountAbove(values + begin, count - begin, threshold_) == 0)
      return;
    for (; begin < count; begin += kChunk) {
      const std::int64_t end = std::min(begin + kChunk, count);
      if (CountAbove(values + begin, end - begin, threshold_) == 0) continue;
      for (std::int64_t c = begin; c < end; ++c)
        if (values[c] > threshold_)
          found.push_back({static_cast<std::uint32_t>(row),
                           static_cast<std::uint32_t>(column + c),
                           dot_is_cosine_ ? values[c] : Candidate::kUnknown});
    }
  }

  const TileProduct& product_;
  float threshold_;
  bool dot_is_cosine_;
  const CandidateSink& sink_;
  Progress& progress_;
  std::mutex mutex_;
  std::int64_t done_ = 0;
};

}  // namespace

void SearchPanels(const PanelSource& source,
                  float threshold,
                  bool dot_is_cosine,
                  const EngineOptions& options,
                  const CandidateSink& sink,
                  SearchLog& log,
                  Progress& progress) {
  const std::int64_t n = source.count;
  const std::int64_t unit = options.unit_rows;
  const std::int64_t side = (n + unit - 1) / unit;
  const TileProduct product(options, source.width);
  const Geometry plan = PlanGeometry(source, options, product.on_device());
  const auto buffer = [&](std::int64_t rows) {
    return std::vector<float>(
        static_cast<std::size_t>(std::min(rows, n) * source.width));
  };
  std::vector<float> panel = buffer(plan.panel);
  std::vector<float> passing =
      buffer(n > std::min(plan.panel, unit) ? plan.columns : 0);
  Block rows;
  const auto load = [&](std::vector<float>& values, std::int64_t begin,
                        std::int64_t end) {
    source.load(begin, end - begin, values.data());
    return product.Take(values.data(), begin, end);
  };
  progress.Begin("mining pairs", n * (n - 1) / 2);
  const auto lowered = static_cast<float>(double{threshold} - product.error() -
                                          (product.error() > 0 ? 0x1p-23 : 0));
  TileSearch search(product, lowered, dot_is_cosine && product.full_precision(),
                    sink, progress);

  // Pairs of rows in [top, bottom) and columns in [left, right), by panels.
  const auto square = [&](std::int64_t top, std::int64_t bottom,
                          std::int64_t left, std::int64_t right) {
    for (std::int64_t first = top; first < bottom; first += plan.panel) {
      const std::int64_t last = std::min(first + plan.panel, bottom);
      if (rows.begin != first || rows.end != last)
        rows = load(panel, first, last);
      std::int64_t next = std::max(left, first);
      if (next == first) {
        search.Search(rows, rows, plan.tile);
        next = last;
      }
      for (; next < right; next += plan.columns)
        search.Search(rows,
                      load(passing, next, std::min(next + plan.columns, right)),
                      plan.tile);
    }
  };
  for (std::int64_t i = 0; i < side; ++i) {
    for (std::int64_t j = i; j < side; ++j) {
      const std::int64_t top = i * unit;
      const std::int64_t bottom = std::min(top + unit, n);
      const std::int64_t left = j * unit;
      const std::int64_t right = std::min(left + unit, n);
      const std::int64_t number = i * side + j;
      if (log.Done(number)) {
        search.Skip(PairsIn(top, bottom, left, right));
        continue;
      }
      square(top, bottom, left, right);
      log.Finish(number);
    }
  }
  progress.End();
}

}  // namespace eyechart::mining
