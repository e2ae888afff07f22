#include "mining/pair_sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/mining/made_rows.h"

namespace eyechart::mining {
namespace {

using testing::CosineOf;
using testing::MadeRows;
using testing::MakeRows;
using testing::Rows;

TEST(PairSample, FewPairsAreAllTaken) {
  const Rows rows = MakeRows(9, 5, 3, 0.5f);
  const MadeRows made(rows);
  const PairSample sample = DrawPairs(made.view, made.view, 36, 1);
  EXPECT_TRUE(sample.all);
  ASSERT_EQ(sample.size(), 36);
  std::size_t k = 0;
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t j = i + 1; j < 9; ++j, ++k)
      EXPECT_FLOAT_EQ(sample.near[k],
                      static_cast<float>(CosineOf(rows[i], rows[j])));
  EXPECT_EQ(DrawPairs(made.view, made.view, 0, 1).size(), 0);
  const MadeRows one(Rows{{1, 2, 3}});
  EXPECT_EQ(DrawPairs(one.view, one.view, 100, 1).size(), 0);
}

TEST(PairSample, EveryPairIsDrawnAboutEquallyOften) {
  const Rows rows = MakeRows(12, 7, 12, 1);
  const MadeRows made(rows);
  constexpr int kDraws = 66000;
  // 66 pairs; with the limit just below their number, pairs are drawn.
  const PairSample few = DrawPairs(made.view, made.view, 65, 3);
  EXPECT_FALSE(few.all);
  std::map<float, int> times;
  for (int seed = 0; seed < kDraws / 65; ++seed) {
    const PairSample sample =
        DrawPairs(made.view, made.view, 65, static_cast<std::uint64_t>(seed));
    for (const float cosine : sample.near) ++times[cosine];
  }
  EXPECT_EQ(times.size(), 66u);  // never a row with itself
  // 1,000 each, standard deviation 32.
  for (const auto& [cosine, count] : times) {
    EXPECT_GT(count, 840) << cosine;
    EXPECT_LT(count, 1160) << cosine;
  }
}

TEST(PairSample, TheDrawDependsOnTheSeedAlone) {
  const MadeRows made(MakeRows(80, 6, 80, 1));
  const PairSample a = DrawPairs(made.view, made.view, 3000, 5);
  EXPECT_EQ(a.near, DrawPairs(made.view, made.view, 3000, 5).near);
  EXPECT_NE(a.near, DrawPairs(made.view, made.view, 3000, 6).near);
}

TEST(PairSample, QuantilesAreOrderStatistics) {
  PairSample sample;
  for (int k = 0; k < 1000; ++k)
    sample.near.push_back(static_cast<float>((k * 7) % 1000));
  EXPECT_EQ(SampleQuantile(sample, sample.near, 0.5, "--q"), 499);
  EXPECT_EQ(SampleQuantile(sample, sample.near, 0.9, "--q"), 899);
  const auto error = [&](double q) {
    return testing::InputErrorOf(
        [&] { SampleQuantile(sample, sample.near, q, "--q"); });
  };
  EXPECT_NE(error(0.95).find("--q 0.95"), std::string::npos);
  EXPECT_NE(error(0.05).find("fewer than 100"), std::string::npos);
  sample.all = true;
  EXPECT_EQ(SampleQuantile(sample, sample.near, 0.999, "--q"), 998);
  EXPECT_NE(testing::InputErrorOf([&] {
              SampleQuantile(sample, {}, 0.5, "--q");
            }).find("no pair"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::mining
