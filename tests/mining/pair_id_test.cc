#include "mining/pair_id.h"

#include <gtest/gtest.h>

namespace eyechart::mining {
namespace {

TEST(PairId, IsTheDigestOfBothIds) {
  // printf 'a/1.jpg\nb/2.jpg' | sha256sum
  EXPECT_EQ(PairId("a/1.jpg", "b/2.jpg"), "60dbb44f");
}

TEST(PairId, TheOrderMeansNothingAndTheIdsEverything) {
  EXPECT_EQ(PairId("b", "a"), PairId("a", "b"));
  EXPECT_NE(PairId("a", "b"), PairId("a", "c"));
  EXPECT_NE(PairId("a", "bc"), PairId("ab", "c"));
}

}  // namespace
}  // namespace eyechart::mining
