#include "mining/repeated_pairs.h"

#include <gtest/gtest.h>

namespace eyechart::mining {
namespace {

// Rows 0, 3 and 4 are copies of one picture, 1 and 5 of another.
CopyGroups Groups() {
  CopyGroups groups;
  groups.groups = {
      {0, {{3, CopyKind::kFile, {}, {}}, {4, CopyKind::kNear, 0.99, 0.99}}},
      {1, {{5, CopyKind::kFeatures, 1.0, 1.0}}}};
  return groups;
}

TEST(RepeatedPairs, TheFirstOfEachTwoPicturesStays) {
  const std::vector<BlindPair> pairs = {
      {4, 1, 0.99, 0.1},  // copies both of them, but the first to be shown
      {0, 1, 0.98, 0.1},  // the same two pictures
      {0, 2, 0.97, 0.1},  // another one
      {5, 3, 0.96, 0.1},  // the first once more, the other way round
      {2, 4, 0.95, 0.1},  // the third once more
  };
  EXPECT_EQ(FindRepeatedPairs(Groups(), pairs),
            (std::vector<char>{0, 1, 0, 1, 1}));
}

TEST(RepeatedPairs, TwoCopiesOfOnePictureAreNoPair) {
  const std::vector<BlindPair> pairs = {{3, 4, 0.99, 0.1}, {1, 5, 0.99, 0.1}};
  EXPECT_EQ(FindRepeatedPairs(Groups(), pairs), (std::vector<char>{1, 1}));
}

TEST(RepeatedPairs, WithoutCopiesNoneIs) {
  const std::vector<BlindPair> pairs = {{0, 1, 0.99, 0.1}, {0, 2, 0.98, 0.1}};
  EXPECT_EQ(FindRepeatedPairs({}, pairs), (std::vector<char>{0, 0}));
  EXPECT_TRUE(FindRepeatedPairs(Groups(), {}).empty());
}

}  // namespace
}  // namespace eyechart::mining
