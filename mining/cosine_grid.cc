#include "mining/cosine_grid.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace eyechart::mining {
namespace {

// Steps of the histogram, in hundredths so that edges are the doubles that
// people write.
constexpr int kNearStep = 1;
constexpr int kFarStep = 2;

void SortUnique(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::int64_t CosineGrid::CountAbove(const std::vector<std::int64_t>& counts,
                                    std::size_t near) const {
  EYECHART_CHECK(counts.size() == bins() && near < near_edges.size(),
                 "{} counts, edge {}", counts.size(), near);
  return std::accumulate(counts.begin() + Place(near + 1, 0), counts.end(),
                         std::int64_t{0});
}

std::int64_t CosineGrid::CountBlind(const std::vector<std::int64_t>& counts,
                                    std::size_t near,
                                    std::size_t far) const {
  EYECHART_CHECK(counts.size() == bins() && near < near_edges.size() &&
                     far < far_edges.size(),
                 "{} counts, edges {} and {}", counts.size(), near, far);
  std::int64_t sum = 0;
  for (std::size_t n = near + 1; n <= near_bins(); ++n)
    for (std::size_t f = 0; f <= far; ++f) sum += counts[Place(n, f)];
  return sum;
}

std::size_t CosineGrid::EdgeOf(const std::vector<double>& edges, double value) {
  const auto found = std::lower_bound(edges.begin(), edges.end(), value);
  EYECHART_CHECK(found != edges.end() && *found == value, "{} is no edge",
                 value);
  return static_cast<std::size_t>(found - edges.begin());
}

CosineGrid MakeGrid(std::vector<double> near, std::vector<double> far) {
  EYECHART_CHECK(!near.empty() && !far.empty(), "{} and {} thresholds",
                 near.size(), far.size());
  CosineGrid grid{std::move(near), std::move(far)};
  const double least =
      *std::min_element(grid.near_edges.begin(), grid.near_edges.end());
  for (int step = -100; step < 100; step += kNearStep)
    if (step / 100.0 > least) grid.near_edges.push_back(step / 100.0);
  for (int step = -100; step <= 100; step += kFarStep)
    grid.far_edges.push_back(step / 100.0);
  SortUnique(grid.near_edges);
  SortUnique(grid.far_edges);
  return grid;
}

CountSurface MakeSurface(const CosineGrid& grid,
                         const std::vector<std::int64_t>& counts,
                         std::vector<double> surface_near,
                         std::vector<double> surface_far) {
  SortUnique(surface_near);
  SortUnique(surface_far);
  CountSurface surface;
  surface.near_min = std::move(surface_near);
  surface.far_max = std::move(surface_far);
  for (const double near : surface.near_min) {
    const std::size_t edge = CosineGrid::EdgeOf(grid.near_edges, near);
    surface.near.push_back(grid.CountAbove(counts, edge));
    for (const double far : surface.far_max)
      surface.blind.push_back(grid.CountBlind(
          counts, edge, CosineGrid::EdgeOf(grid.far_edges, far)));
  }
  return surface;
}

}  // namespace eyechart::mining
