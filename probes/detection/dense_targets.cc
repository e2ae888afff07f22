#include "probes/detection/dense_targets.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "probes/detection/box_losses.h"

namespace eyechart::detection {
namespace {

using BoxCorners = std::array<double, 4>;

// The box that a cell belongs to so far.
struct Claim {
  std::int32_t box = -1;
  double area = std::numeric_limits<double>::infinity();
};

// First and behind the last of `count` points (i + 0.5) stride that may lie in
// low ... high; which do is for the caller to say.
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
Range PointsIn(double low, double high, int stride, std::int64_t count) {
  const auto clamp = [&](double cell) {
    return static_cast<std::int64_t>(
        std::clamp(cell, 0.0, static_cast<double>(count)));
  };
  return {clamp(std::floor(low / stride - 0.5)),
          clamp(std::floor(high / stride - 0.5) + 1)};
}

BoxCorners RowOf(const at::TensorAccessor<float, 2>& rows, std::int64_t i) {
  return {rows[i][0], rows[i][1], rows[i][2], rows[i][3]};
}

// False for NaN too.
bool HasArea(const BoxCorners& box) {
  return box[2] > box[0] && box[3] > box[1];
}

// Calls f(cell of the grid, distances to the box's sides) for the points
// strictly inside `box`, of those in `part` of it.
template <typename F>
void ForPointsInside(const CellGrid& grid,
                     const BoxCorners& box,
                     const BoxCorners& part,
                     const F& f) {
  const Range ys = PointsIn(part[1], part[3], grid.stride, grid.height);
  const Range xs = PointsIn(part[0], part[2], grid.stride, grid.width);
  for (std::int64_t y = ys.begin; y < ys.end; ++y) {
    const double v = (static_cast<double>(y) + 0.5) * grid.stride;
    if (!(v > part[1] && v < part[3])) continue;
    for (std::int64_t x = xs.begin; x < xs.end; ++x) {
      const double u = (static_cast<double>(x) + 0.5) * grid.stride;
      if (!(u > part[0] && u < part[2])) continue;
      f(y * grid.width + x,
        BoxCorners{u - box[0], v - box[1], box[2] - u, box[3] - v});
    }
  }
}

double CentrenessOf(const BoxCorners& to) {
  return std::sqrt(std::min(to[0], to[2]) / std::max(to[0], to[2]) *
                   std::min(to[1], to[3]) / std::max(to[1], to[3]));
}

class Assigner {
 public:
  Assigner(const std::vector<CellGrid>& grids,
           const DenseTargetOptions& options)
      : grids_(grids),
        options_(options),
        claims_(static_cast<std::size_t>(CellCount(grids))) {}

  // Writes a picture's classes; appends what its cells stand for.
  void Picture(const BoxTargets& picture,
               std::int64_t first_cell,
               std::int64_t* classes) {
    const std::int64_t n = picture.corners.size(0);
    EYECHART_CHECK(picture.corners.dim() == 2 && picture.corners.size(1) == 4 &&
                       picture.classes.sizes() == at::IntArrayRef{n},
                   "{} classes of {} boxes", picture.classes.numel(), n);
    const at::Tensor corners = picture.corners.cpu();
    const at::Tensor named = picture.classes.cpu();
    const auto boxes = corners.accessor<float, 2>();
    const auto names = named.accessor<std::int64_t, 1>();
    std::fill(claims_.begin(), claims_.end(), Claim());
    for (std::int64_t i = 0; i < n; ++i)
      if (names[i] >= 0) Claims(RowOf(boxes, i), i);
    if (picture.ignored.defined()) Ignore(picture.ignored.cpu(), classes);
    std::size_t cell = 0;
    for (const CellGrid& grid : grids_) {
      for (std::int64_t at = 0; at < grid.height * grid.width; ++at, ++cell) {
        const std::int64_t box = claims_[cell].box;
        if (box < 0) continue;
        classes[cell] = names[box];
        cells_.push_back(first_cell + static_cast<std::int64_t>(cell));
        const BoxCorners row = RowOf(boxes, box);
        for (const double side : row)
          corners_.push_back(static_cast<float>(side));
        const double u =
            (static_cast<double>(at % grid.width) + 0.5) * grid.stride;
        const double v =
            (static_cast<double>(at / grid.width) + 0.5) * grid.stride;
        centreness_.push_back(static_cast<float>(
            CentrenessOf({u - row[0], v - row[1], row[2] - u, row[3] - v})));
      }
    }
  }

  void Finish(DenseTargets& made) const {
    const auto count = static_cast<std::int64_t>(cells_.size());
    made.cells = at::empty({count}, at::kLong);
    made.corners = at::empty({count, 4}, at::kFloat);
    made.centreness = at::empty({count}, at::kFloat);
    std::copy(cells_.begin(), cells_.end(),
              made.cells.mutable_data_ptr<std::int64_t>());
    std::copy(corners_.begin(), corners_.end(),
              made.corners.mutable_data_ptr<float>());
    std::copy(centreness_.begin(), centreness_.end(),
              made.centreness.mutable_data_ptr<float>());
  }

 private:
  // Takes the cells that are the box's, unless a smaller one has them.
  void Claims(const BoxCorners& box, std::int64_t index) {
    if (!HasArea(box)) return;
    const double area = (box[2] - box[0]) * (box[3] - box[1]);
    const double x = (box[0] + box[2]) / 2;
    const double y = (box[1] + box[3]) / 2;
    std::size_t first = 0;
    for (std::size_t level = 0; level < grids_.size(); ++level) {
      const CellGrid& grid = grids_[level];
      const double radius = options_.radius * grid.stride;
      const BoxCorners part = {
          std::max(box[0], x - radius), std::max(box[1], y - radius),
          std::min(box[2], x + radius), std::min(box[3], y + radius)};
      const double low =
          level == 0 ? 0 : options_.reach * grids_[level - 1].stride;
      const double high = level + 1 == grids_.size()
                              ? std::numeric_limits<double>::infinity()
                              : options_.reach * grid.stride;
      ForPointsInside(
          grid, box, part, [&](std::int64_t at, const BoxCorners& to) {
            const double farthest = *std::max_element(to.begin(), to.end());
            if (farthest < low || farthest > high) return;
            Claim& claim = claims_[first + static_cast<std::size_t>(at)];
            if (area < claim.area)
              claim = {static_cast<std::int32_t>(index), area};
          });
      first += static_cast<std::size_t>(grid.height * grid.width);
    }
  }

  void Ignore(const at::Tensor& ignored, std::int64_t* classes) const {
    EYECHART_CHECK(ignored.dim() == 2 && ignored.size(1) == 4,
                   "{} numbers of ignored boxes", ignored.numel());
    const auto boxes = ignored.accessor<float, 2>();
    for (std::int64_t i = 0; i < ignored.size(0); ++i) {
      const BoxCorners box = RowOf(boxes, i);
      if (!HasArea(box)) continue;
      std::int64_t* level = classes;
      for (const CellGrid& grid : grids_) {
        ForPointsInside(
            grid, box, box,
            [&](std::int64_t at, const BoxCorners&) { level[at] = kIgnored; });
        level += grid.height * grid.width;
      }
    }
  }

  const std::vector<CellGrid>& grids_;
  DenseTargetOptions options_;
  std::vector<Claim> claims_;  // of one picture's cells
  std::vector<std::int64_t> cells_;
  std::vector<float> corners_;
  std::vector<float> centreness_;
};

}  // namespace

std::int64_t CellCount(const std::vector<CellGrid>& grids) {
  std::int64_t count = 0;
  for (const CellGrid& grid : grids) count += grid.height * grid.width;
  return count;
}

at::Tensor CellPoints(const std::vector<CellGrid>& grids) {
  at::Tensor points = at::empty({CellCount(grids), 2}, at::kFloat);
  auto* out = points.mutable_data_ptr<float>();
  for (const CellGrid& grid : grids)
    for (std::int64_t y = 0; y < grid.height; ++y)
      for (std::int64_t x = 0; x < grid.width; ++x) {
        *out++ =
            (static_cast<float>(x) + 0.5f) * static_cast<float>(grid.stride);
        *out++ =
            (static_cast<float>(y) + 0.5f) * static_cast<float>(grid.stride);
      }
  return points;
}

at::Tensor CellLevels(const std::vector<CellGrid>& grids) {
  at::Tensor levels = at::empty({CellCount(grids)}, at::kLong);
  auto* out = levels.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < grids.size(); ++i)
    out = std::fill_n(out, grids[i].height * grids[i].width,
                      static_cast<std::int64_t>(i));
  return levels;
}

DenseTargets AssignCells(const std::vector<CellGrid>& grids,
                         const std::vector<BoxTargets>& pictures,
                         const DenseTargetOptions& options) {
  const std::int64_t cells = CellCount(grids);
  DenseTargets made;
  made.classes = at::full({static_cast<std::int64_t>(pictures.size()) * cells},
                          kNoClass, at::kLong);
  auto* classes = made.classes.mutable_data_ptr<std::int64_t>();
  Assigner assigner(grids, options);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::int64_t first = static_cast<std::int64_t>(i) * cells;
    assigner.Picture(pictures[i], first, classes + first);
  }
  assigner.Finish(made);
  return made;
}

}  // namespace eyechart::detection
