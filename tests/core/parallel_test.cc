#include "core/parallel.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace eyechart {
namespace {

TEST(ParallelFor, DoesEachPieceOnce) {
  for (const int threads : {0, 1, 3, 50}) {
    std::vector<std::atomic<int>> done(20);
    ParallelFor(done.size(), threads, [&](std::size_t i, int) { ++done[i]; });
    for (const std::atomic<int>& count : done) EXPECT_EQ(count, 1);
  }
  ParallelFor(0, 2, [](std::size_t, int) { FAIL(); });
}

TEST(ParallelFor, ThrowsAgainWhatAPieceThrew) {
  for (const int threads : {1, 4}) {
    std::atomic<int> done = 0;
    const auto work = [&](std::size_t i, int) {
      if (i == 3) throw std::runtime_error("three");
      ++done;
    };
    EXPECT_THROW(ParallelFor(1000, threads, work), std::runtime_error);
    // What comes after it is left undone.
    if (threads == 1) {
      EXPECT_EQ(done, 3);
    }
  }
}

TEST(ThreadCount, IsOneAtLeast) {
  EXPECT_EQ(ThreadCount(5), 5);
  EXPECT_GE(ThreadCount(0), 1);
}

}  // namespace
}  // namespace eyechart
