#include "data/scenes/random.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace eyechart::scenes {
namespace {

TEST(Rng, RepeatsAndTellsItsNamesApart) {
  std::set<std::uint64_t> firsts;
  for (const std::uint64_t seed : {1u, 2u}) {
    for (const char* stream : {"orientation", "state"}) {
      for (const std::int64_t index : {1, 2}) {
        firsts.insert(Rng(seed, stream, index).Next());
        EXPECT_EQ(Rng(seed, stream, index).Next(),
                  Rng(seed, stream, index).Next());
      }
    }
  }
  EXPECT_EQ(firsts.size(), 8u);
}

TEST(Rng, IsUniform) {
  Rng rng(7, "test", 0);
  constexpr int kDraws = 60000;
  std::vector<int> counts(12, 0);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    ++counts[static_cast<std::size_t>(rng.Below(12))];
    const double unit = rng.Unit();
    ASSERT_GE(unit, 0);
    ASSERT_LT(unit, 1);
    sum += unit;
    squares += unit * unit;
  }
  double chi_square = 0;
  for (const int count : counts) {
    const double expected = kDraws / 12.0;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  // The 0.9999 quantile of chi-square with 11 degrees of freedom.
  EXPECT_LT(chi_square, 37.4);
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 0.5, 5 * 0.2887 / 245);
  EXPECT_NEAR(squares / kDraws - mean * mean, 1.0 / 12, 0.002);
}

TEST(Rng, BetweenHoldsBothEndsAndShuffleKeepsAll) {
  Rng rng(7, "test", 1);
  std::set<int> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.Between(-1, 2));
  EXPECT_EQ(seen, (std::set<int>{-1, 0, 1, 2}));
  std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<int> before = all;
  rng.Shuffle(all);
  EXPECT_NE(all, before);
  EXPECT_EQ(std::set<int>(all.begin(), all.end()).size(), before.size());
}

}  // namespace
}  // namespace eyechart::scenes
