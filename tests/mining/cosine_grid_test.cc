#include "mining/cosine_grid.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mining/disjoint_sets.h"
#include "mining/verifier.h"
#include "tests/mining/made_rows.h"

namespace eyechart::mining {
namespace {

using testing::CosineOf;
using testing::MadeRows;
using testing::MakeRows;
using testing::Rows;

TEST(CosineGrid, EdgesAreSortedOnceAndFromTheLeastThresholdOn) {
  const CosineGrid grid = MakeGrid({0.955, 0.9, 0.955}, {0.6, 0.333});
  EXPECT_EQ(grid.near_edges.front(), 0.9);
  EXPECT_EQ(grid.near_edges.back(), 0.99);
  EXPECT_EQ(grid.near_edges.size(), 11u);  // .90 to .99, and .955
  EXPECT_EQ(grid.far_edges.size(), 102u);  // -1 to 1 in .02, and .333
  EXPECT_TRUE(std::ranges::is_sorted(grid.far_edges));
}

// Every combination of thresholds must count what brute force counts, with
// cosines planted on thresholds too.
TEST(CosineGrid, SurfaceCountsWhatBruteForceCounts) {
  Rows near = MakeRows(120, 16, 6, 0.3f);
  Rows far = MakeRows(120, 12, 9, 0.5f);
  // Exact cosines of 0.6 and 0.8: (1, 0) with (3, 4) and (4, 3), and copies.
  for (Rows* rows : {&near, &far})
    for (const auto& [x, y] : {std::pair{1.f, 0.f}, {3.f, 4.f}, {4.f, 3.f}}) {
      rows->push_back(std::vector<float>(rows->front().size()));
      rows->back()[0] = x;
      rows->back()[1] = y;
      rows->push_back(rows->back());
    }
  const MadeRows near_made(near);
  const MadeRows far_made(far);
  const std::vector<double> near_min = {0.6, 0.8, 0.9, 0.955, 1};
  const std::vector<double> far_max = {-1, -0.25, 0.6, 0.8, 0.96, 1};
  VerifyOptions options;
  options.near_min = 0.8;
  options.far_max = 0.6;
  std::vector<double> far_edges = far_max;
  options.grid = MakeGrid(near_min, far_edges);
  Verifier verifier(near_made.view, far_made.view, options);
  std::vector<Candidate> all;
  for (std::uint32_t i = 0; i < near.size(); ++i)
    for (std::uint32_t j = i + 1; j < near.size(); ++j) all.push_back({i, j});
  verifier.Add(all);
  const Findings found = verifier.Take();
  const CountSurface surface =
      MakeSurface(options.grid, found.grid, near_min, far_max);

  std::size_t at = 0;
  for (std::size_t n = 0; n < near_min.size(); ++n) {
    std::int64_t near_pairs = 0;
    std::vector<std::int64_t> blind(far_max.size());
    for (const Candidate& pair : all) {
      if (!(CosineOf(near[pair.first], near[pair.second]) > near_min[n]))
        continue;
      ++near_pairs;
      const double cosine = CosineOf(far[pair.first], far[pair.second]);
      for (std::size_t f = 0; f < far_max.size(); ++f)
        blind[f] += cosine < far_max[f];
    }
    EXPECT_EQ(surface.near[n], near_pairs) << near_min[n];
    for (std::size_t f = 0; f < far_max.size(); ++f)
      EXPECT_EQ(surface.blind[at++], blind[f])
          << near_min[n] << " " << far_max[f];
  }
  EXPECT_EQ(found.near_pairs, surface.near[1]);
  EXPECT_EQ(static_cast<std::int64_t>(found.blind.size()),
            surface.blind[1 * far_max.size() + 2]);
  EXPECT_GT(found.blind.size(), 20u);
  EXPECT_GT(surface.near[0], surface.near[1]);
}

TEST(CosineGrid, CopiesConnectWhatChainsConnect) {
  Rows near(7, {1, 0, 0});
  Rows far = {{1, 0, 0},    {1, .05f, 0}, {0, 1, 0},   {1, .1f, 0},
              {0, 1, .01f}, {0, 0, 1},    {1, .15f, 0}};
  const MadeRows near_made(near);
  const MadeRows far_made(far);
  VerifyOptions options = VerifyOptions::Of(0.95, 0.6);
  // 0.05 apart is within the bound, 0.15 is not: a chain connects 0 and 6.
  options.copies = {0.95, 0.996};
  options.grid = MakeGrid({0.95}, {0.6, 0.996});
  Verifier verifier(near_made.view, far_made.view, options);
  std::vector<Candidate> all;
  for (std::uint32_t i = 0; i < 7; ++i)
    for (std::uint32_t j = i + 1; j < 7; ++j) all.push_back({i, j});
  verifier.Add(all);
  const Findings found = verifier.Take();
  DisjointSets sets(7);
  for (const SimilarPair& pair : found.similar)
    EXPECT_TRUE(sets.Join(pair.row_a, pair.row_b)) << "told twice";
  EXPECT_EQ(found.similar.size(), 4u);
  EXPECT_EQ(sets.Least(0), sets.Least(6));
  EXPECT_EQ(sets.Least(2), sets.Least(4));
  EXPECT_NE(sets.Least(0), sets.Least(2));
  EXPECT_NE(sets.Least(5), sets.Least(2));
  verifier.Add(all);
  EXPECT_TRUE(verifier.Take().similar.empty());
}

}  // namespace
}  // namespace eyechart::mining
