#include "probes/multiple_choice/pair_features.h"

#include <gtest/gtest.h>

#include <cmath>

namespace eyechart::multiple_choice {
namespace {

// Pictures at angles: 0 and 10 degrees are a pair, 90 and 200 another.
Benchmark Angles(const std::vector<double>& degrees, Embeddings& pictures) {
  Benchmark benchmark;
  pictures.dim = 2;
  for (std::size_t i = 0; i < degrees.size(); ++i) {
    benchmark.pictures.push_back({std::to_string(i), std::to_string(i)});
    Question item;
    item.picture = i;
    benchmark.items.push_back(item);
    const double radians = degrees[i] * std::acos(-1.0) / 180;
    pictures.values.push_back(static_cast<float>(3 * std::cos(radians)));
    pictures.values.push_back(static_cast<float>(3 * std::sin(radians)));
    pictures.problem.emplace_back();
  }
  for (std::size_t i = 0; i + 1 < degrees.size(); i += 2)
    benchmark.pairs.push_back({i, i + 1});
  return benchmark;
}

TEST(AddPairFeatures, RanksAmongAllOtherPairsWhereTheyAreFew) {
  Embeddings pictures;
  const Benchmark benchmark = Angles({0, 10, 90, 200}, pictures);
  Result result;
  AddPairFeatures(benchmark, pictures, {}, result);
  ASSERT_EQ(result.pairs.size(), 2u);
  const double degree = std::acos(-1.0) / 180;
  EXPECT_NEAR(result.pairs[0].cosine, std::cos(10 * degree), 1e-6);
  EXPECT_NEAR(result.pairs[1].cosine, std::cos(110 * degree), 1e-6);
  // Others are 90, 160 (200), 80 and 170 (190) degrees apart.
  EXPECT_EQ(result.pairs[0].rank, 1);
  EXPECT_EQ(result.pairs[1].rank, 0.5);
  EXPECT_EQ(MeanRank(result).mean, 0.75);
  EXPECT_EQ(MeanRank(result).n, 2);
}

TEST(AddPairFeatures, DrawsTheSamePairsFromOneSeed) {
  Embeddings pictures;
  std::vector<double> degrees;
  for (int i = 0; i < 60; ++i) degrees.push_back(i * 37 % 360);
  const Benchmark benchmark = Angles(degrees, pictures);
  Result a, b, c;
  AddPairFeatures(benchmark, pictures, {100, 1}, a);
  AddPairFeatures(benchmark, pictures, {100, 1}, b);
  AddPairFeatures(benchmark, pictures, {100, 2}, c);
  EXPECT_EQ(MeanRank(a).mean, MeanRank(b).mean);
  EXPECT_NE(MeanRank(a).mean, MeanRank(c).mean);
}

TEST(AddPairFeatures, LeavesUnreadablePicturesOut) {
  Embeddings pictures;
  const Benchmark benchmark = Angles({0, 10, 90, 200}, pictures);
  pictures.problem[3] = "broken";
  pictures.values[6] = pictures.values[7] = 0;
  Result result;
  AddPairFeatures(benchmark, pictures, {}, result);
  EXPECT_TRUE(std::isnan(result.pairs[1].cosine));
  EXPECT_TRUE(std::isnan(result.pairs[1].rank));
  EXPECT_EQ(MeanCosine(result).n, 1);
}

}  // namespace
}  // namespace eyechart::multiple_choice
