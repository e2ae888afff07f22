#include "mining/cosine_histogram.h"

#include <gtest/gtest.h>

#include <numeric>

namespace eyechart::mining {
namespace {

// The cell that holds a pair of cosines, by the definition.
double CellOf(const CosineHistogram& histogram, double near, double far) {
  const std::size_t columns = histogram.far_edges.size() - 1;
  for (std::size_t i = 0; i + 1 < histogram.near_edges.size(); ++i)
    for (std::size_t j = 0; j < columns; ++j)
      if (near > histogram.near_edges[i] &&
          near <= histogram.near_edges[i + 1] &&
          far >= histogram.far_edges[j] && far < histogram.far_edges[j + 1])
        return histogram.counts[i * columns + j];
  return -1;
}

TEST(CosineHistogram, CountsAboveAndSamplesBelow) {
  const CosineGrid grid = MakeGrid({0.955}, {0.6});
  std::vector<std::int64_t> counts(grid.bins());
  const auto place = [&](double near, double far) -> std::int64_t& {
    std::size_t n = 0;
    while (n < grid.near_edges.size() && near > grid.near_edges[n]) ++n;
    std::size_t f = 0;
    while (f < grid.far_edges.size() && far >= grid.far_edges[f]) ++f;
    return counts[grid.Place(n, f)];
  };
  place(0.958, 0.61) = 7;
  place(0.995, -0.3) = 2;
  PairSample sample;
  sample.near = {0.195f, 0.195f, 0.952f, 0.97f};  // the last is counted already
  sample.far = {0.1f, 0.1f, 0.61f, 0.5f};
  const CosineHistogram histogram = MakeHistogram(grid, counts, sample, 400);
  EXPECT_EQ(CellOf(histogram, 0.195, 0.1), 200);
  EXPECT_EQ(CellOf(histogram, 0.957, 0.61), 107);  // counted and sampled parts
  EXPECT_EQ(CellOf(histogram, 0.995, -0.3), 2);
  EXPECT_EQ(histogram.exact_from, 0.955);
  EXPECT_EQ(histogram.sampled, 4);
  EXPECT_DOUBLE_EQ(
      std::accumulate(histogram.counts.begin(), histogram.counts.end(), 0.0),
      309);
  // No empty margin.
  EXPECT_NEAR(histogram.near_edges.front(), 0.19, 1e-9);
  EXPECT_NEAR(histogram.near_edges.back(), 1, 1e-9);
  EXPECT_NEAR(histogram.far_edges.front(), -0.3, 1e-9);
}

TEST(CosineHistogram, EdgesBelongToOneCell) {
  const CosineGrid grid = MakeGrid({0.95}, {0.6});
  PairSample sample;
  for (int k = -100; k <= 95; ++k) {
    sample.near.push_back(static_cast<float>(k / 100.0));
    sample.far.push_back(static_cast<float>(k / 100.0));
  }
  const CosineHistogram histogram =
      MakeHistogram(grid, std::vector<std::int64_t>(grid.bins()), sample, 196);
  EXPECT_DOUBLE_EQ(
      std::accumulate(histogram.counts.begin(), histogram.counts.end(), 0.0),
      196);
}

TEST(CosineHistogram, NothingHasACell) {
  const CosineGrid grid = MakeGrid({1}, {-1});
  const CosineHistogram histogram =
      MakeHistogram(grid, std::vector<std::int64_t>(grid.bins()), {}, 0);
  EXPECT_EQ(histogram.counts, std::vector<double>{0});
  EXPECT_EQ(histogram.near_edges.size(), 2u);
}

}  // namespace
}  // namespace eyechart::mining
