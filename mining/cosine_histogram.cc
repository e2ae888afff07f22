#include "mining/cosine_histogram.h"

#include <algorithm>
#include <cmath>

namespace eyechart::mining {
namespace {

constexpr int kNearCells = 200;  // of 0.01
constexpr int kFarCells = 100;   // of 0.02

int Clamp(double cell, int cells) {
  return static_cast<int>(std::clamp(cell, 0.0, cells - 1.0));
}

// An edge k/100 is the double nearest to it; the product with 100 is within an
// ulp of k, and the half step decides nothing between edges.
int NearCellAbove(double edge) {
  return Clamp(std::floor(edge * 100 + 1e-9) + 100, kNearCells);
}

int NearCellOf(double cosine) {
  return Clamp(std::ceil(cosine * 100 - 1e-9) + 99, kNearCells);
}

int FarCellOf(double cosine) {
  return Clamp(std::floor(cosine * 50 + 1e-9) + 50, kFarCells);
}

// The first and one past the last that is not 0, at least one cell.
struct Range {
  int begin = 0;
  int end = 1;
};

template <typename Sum>
Range Occupied(int cells, const Sum& sum) {
  Range range{0, cells};
  while (range.begin + 1 < range.end && sum(range.begin) == 0) ++range.begin;
  while (range.begin + 1 < range.end && sum(range.end - 1) == 0) --range.end;
  return range;
}

}  // namespace

CosineHistogram MakeHistogram(const CosineGrid& grid,
                              const std::vector<std::int64_t>& counts,
                              const PairSample& sample,
                              std::int64_t pairs) {
  std::vector<double> cells(kNearCells * kFarCells);
  const auto cell = [&](int near, int far) -> double& {
    return cells[static_cast<std::size_t>(near * kFarCells + far)];
  };
  for (std::size_t n = 1; n <= grid.near_bins(); ++n) {
    const int near = NearCellAbove(grid.near_edges[n - 1]);
    for (std::size_t f = 0; f < grid.far_bins(); ++f) {
      const std::int64_t count = counts[grid.Place(n, f)];
      // The bin below the first edge holds what lies below -1: nothing.
      const int far = f == 0 ? 0 : FarCellOf(grid.far_edges[f - 1]);
      cell(near, far) += static_cast<double>(count);
    }
  }
  const double least = grid.near_edges.front();
  const double weight =
      sample.size() > 0
          ? static_cast<double>(pairs) / static_cast<double>(sample.size())
          : 0;
  for (std::size_t k = 0; k < sample.near.size(); ++k) {
    if (double{sample.near[k]} > least) continue;
    cell(NearCellOf(double{sample.near[k]}),
         FarCellOf(double{sample.far[k]})) += weight;
  }

  const Range near = Occupied(kNearCells, [&](int n) {
    double sum = 0;
    for (int f = 0; f < kFarCells; ++f) sum += cell(n, f);
    return sum;
  });
  const Range far = Occupied(kFarCells, [&](int f) {
    double sum = 0;
    for (int n = 0; n < kNearCells; ++n) sum += cell(n, f);
    return sum;
  });
  CosineHistogram histogram;
  for (int n = near.begin; n <= near.end; ++n)
    histogram.near_edges.push_back((n - 100) / 100.0);
  for (int f = far.begin; f <= far.end; ++f)
    histogram.far_edges.push_back((f - 50) / 50.0);
  for (int n = near.begin; n < near.end; ++n)
    for (int f = far.begin; f < far.end; ++f)
      histogram.counts.push_back(cell(n, f));
  histogram.exact_from = least;
  histogram.sampled = sample.size();
  return histogram;
}

}  // namespace eyechart::mining
