#include "suite/mined_pictures.h"

#include <gtest/gtest.h>

#include "core/statistics.h"

namespace eyechart::suite {
namespace {

class MinedPicturesTest : public ::testing::Test {
 protected:
  // Two pairs of color, one of state: pictures 0a 1b, 2a 3b, 4a 5b.
  MinedPicturesTest() {
    for (const char* pattern : {"color", "color", "state"})
      for (const char* side : {"a", "b"}) {
        const std::string id = std::to_string(items_.size()) + side;
        items_.push_back({id, id, "", "ok", "", ""});
        multiple_choice::Question item;
        item.picture = benchmark_.pictures.size();
        item.pattern = pattern;
        benchmark_.pictures.push_back({id, id});
        benchmark_.items.push_back(item);
      }
    benchmark_.pairs = {{0, 1}, {2, 3}, {4, 5}};
  }

  multiple_choice::Benchmark benchmark_;
  std::vector<data::StoreItem> items_;
};

TEST_F(MinedPicturesTest, CountsPairsAtBothPictures) {
  // One drawn pair, one of the same pattern, one of two patterns.
  const std::vector<mining::BlindPair> blind = {
      {1, 0, 0.99, 0.1}, {0, 2, 0.98, 0.1}, {0, 4, 0.97, 0.2}};
  const auto pictures = CountMinedPictures(benchmark_, blind, items_);
  EXPECT_EQ(MinedPicturesCsv(pictures),
            "id,pattern,blind_pairs,same_pattern,own_pair\n"
            "0a,color,3,2,1\n"
            "1b,color,1,1,1\n"
            "2a,color,1,1,0\n"
            "4a,state,1,0,0\n");
}

TEST_F(MinedPicturesTest, PairsThatShareAPictureAreNotIndependent) {
  // Picture 0a is in all of the pairs but the drawn ones: Wilson's interval
  // takes these for four draws, and the jackknife sees one picture.
  const std::vector<mining::BlindPair> blind = {
      {0, 2, 0.99, 0.1}, {0, 3, 0.99, 0.1}, {0, 4, 0.99, 0.1},
      {0, 5, 0.99, 0.1}, {2, 3, 0.99, 0.1}, {4, 5, 0.99, 0.1}};
  const Interval interval =
      OwnPairInterval(CountMinedPictures(benchmark_, blind, items_));
  EXPECT_EQ(interval.method, "jackknife over images");
  const Interval wilson = WilsonInterval(2, 6);
  EXPECT_GT(interval.high - interval.low, wilson.high - wilson.low);
}

TEST_F(MinedPicturesTest, NoPairsNoPictures) {
  EXPECT_TRUE(CountMinedPictures(benchmark_, {}, items_).empty());
}

}  // namespace
}  // namespace eyechart::suite
