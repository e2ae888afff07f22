#include "probes/heads/vote_check.h"

#include <gtest/gtest.h>

#include <vector>

namespace eyechart::probes {
namespace {

// Rows 0 ... 4 of classes 0, 0, 1, 1, 2; temperature 1.
const std::vector<std::int64_t> kLabels = {0, 0, 1, 1, 2};

bool CertainOf(std::vector<FoundRow> found,
               std::vector<std::int64_t> k,
               double error,
               std::int64_t truth = -1) {
  VoteCheck check(kLabels, 8, std::move(k), 1, error);
  const bool first = check.Certain(found, truth);
  EXPECT_EQ(check.Certain(found, truth), first);  // nothing is left behind
  return first;
}

TEST(VoteCheck, MarginsAreWeighedAgainstTheError) {
  // Votes e^0 against e^-0.1, apart by a factor of e^0.1: errors of 0.04 on
  // both sides leave e^0.02, of 0.06 turn it.
  const std::vector<FoundRow> found = {{0.9f, 0}, {0.8f, 2}};
  EXPECT_TRUE(CertainOf(found, {2}, 0.04));
  EXPECT_FALSE(CertainOf(found, {2}, 0.06));
  // Two votes of one class against one: apart by far.
  EXPECT_TRUE(CertainOf({{0.9f, 0}, {0.9f, 2}, {0.9f, 1}}, {3}, 0.06));
}

TEST(VoteCheck, NeighboursAtTheEdgeMayBeInOrOut) {
  // The second place goes to row 1 or row 2: class 1 has a vote or none.
  const std::vector<FoundRow> found = {{0.9f, 0}, {0.5f, 1}, {0.499f, 2}};
  EXPECT_FALSE(CertainOf(found, {2}, 0.001));
  EXPECT_TRUE(CertainOf(found, {2}, 0.0001));
  // With k = 1 nothing is at the edge; each k counts.
  EXPECT_TRUE(CertainOf(found, {1}, 0.001));
  EXPECT_FALSE(CertainOf(found, {1, 2}, 0.001));
}

TEST(VoteCheck, TheTruthHasARankToo) {
  // Second and third place are close; the first is not.
  const std::vector<FoundRow> found = {
      {0.9f, 0}, {0.9f, 1}, {0.9f, 2}, {0.899f, 4}};
  EXPECT_TRUE(CertainOf(found, {4}, 0.01));
  EXPECT_TRUE(CertainOf(found, {4}, 0.01, 0));
  EXPECT_FALSE(CertainOf(found, {4}, 0.01, 1));
  EXPECT_FALSE(CertainOf(found, {4}, 0.01, 2));
  // A class without a vote comes after all that have one.
  EXPECT_TRUE(CertainOf(found, {4}, 0.01, 7));
}

}  // namespace
}  // namespace eyechart::probes
