#include "core/block_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <thread>
#include <vector>

namespace eyechart {
namespace {

constexpr std::size_t kMib = std::size_t{1} << 20;

TEST(BlockPool, GivesAlignedBlocksOfWholeGrains) {
  BlockPool pool;
  for (const std::size_t bytes : {std::size_t{1}, 2 * kMib, 2 * kMib + 1}) {
    const std::size_t grain = kMib / 4;
    void* const block = pool.Take(bytes);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % (2 * kMib), 0u);
    std::memset(block, 1, bytes);
    EXPECT_EQ(pool.in_use(), (bytes + grain - 1) / grain * grain);
    pool.Return(block);
    EXPECT_EQ(pool.in_use(), 0u);
  }
}

TEST(BlockPool, GivesAKeptBlockAgain) {
  BlockPool pool;
  void* const first = pool.Take(20 * kMib);
  pool.Return(first);
  EXPECT_EQ(pool.kept(), 20 * kMib);
  // Up to a quarter too large.
  EXPECT_EQ(pool.Take(16 * kMib), first);
  EXPECT_EQ(pool.kept(), 0u);
  EXPECT_EQ(pool.in_use(), 20 * kMib);
  pool.Return(first);
  void* const smaller = pool.Take(14 * kMib);
  EXPECT_NE(smaller, first);
  void* const larger = pool.Take(22 * kMib);
  EXPECT_NE(larger, first);
  pool.Return(smaller);
  pool.Return(larger);
}

TEST(BlockPool, ChoosesTheSmallestThatFits) {
  BlockPool pool;
  void* const large = pool.Take(24 * kMib);
  void* const small = pool.Take(20 * kMib);
  pool.Return(small);
  pool.Return(large);
  EXPECT_EQ(pool.Take(20 * kMib), small);
  EXPECT_EQ(pool.Take(20 * kMib), large);
  pool.Return(small);
  pool.Return(large);
}

// What lasts does not count: a model of 100 MiB allows no more to be kept.
TEST(BlockPool, KeepsNoMoreThanTwiceWhatPassed) {
  BlockPool pool;
  void* const model = pool.Take(100 * kMib);
  pool.Release();
  std::size_t most = 0;
  for (const std::size_t size : {4, 10, 20, 7, 4, 30, 3, 12, 2}) {
    void* const one = pool.Take(size * kMib);
    void* const two = pool.Take(2 * kMib);
    most = std::max(most, size + 2);
    EXPECT_LE(pool.in_use() + pool.kept(), (100 + 2 * most) * kMib);
    pool.Return(one);
    pool.Return(two);
    EXPECT_LE(pool.in_use() + pool.kept(), (100 + 2 * most) * kMib);
    EXPECT_GT(pool.kept(), 0u);
  }
  EXPECT_EQ(pool.in_use(), 100 * kMib);
  pool.Release();
  EXPECT_EQ(pool.kept(), 0u);
  pool.Return(model);
}

TEST(BlockPool, TakesBackNothingOfOthers) {
  BlockPool pool, other;
  void* const block = other.Take(kMib);
  EXPECT_TRUE(BlockPool::MayBeBlock(block));
  EXPECT_FALSE(BlockPool::MayBeBlock(static_cast<char*>(block) + 64));
  EXPECT_FALSE(pool.Return(block));
  EXPECT_EQ(pool.kept(), 0u);
  EXPECT_TRUE(other.Return(block));
  EXPECT_FALSE(other.Return(block));
}

// As a model's pass goes, layer after layer: nothing is mapped after the first.
TEST(BlockPool, KeepsAllThatAPassTakesInTurn) {
  BlockPool pool;
  void* x = pool.Take(5 * kMib);
  std::set<void*> known;
  for (int layer = 0; layer < 12; ++layer) {
    const std::size_t before = known.size();
    for (const std::size_t size : {15, 20}) {
      void* const normed = pool.Take(5 * kMib);
      void* const wide = pool.Take(size * kMib);
      pool.Return(normed);
      void* const next = pool.Take(5 * kMib);
      pool.Return(wide);
      pool.Return(x);
      x = next;
      known.insert({normed, wide, next});
    }
    if (layer > 1) {
      EXPECT_EQ(known.size(), before);
    }
  }
  pool.Return(x);
}

TEST(BlockPool, DropsTheOldestFirst) {
  BlockPool pool;
  void* const old = pool.Take(20 * kMib);
  void* const recent = pool.Take(14 * kMib);
  pool.Return(old);
  pool.Return(recent);
  // Whatever is taken, twice the most that was in use may be there.
  void* const other = pool.Take(46 * kMib);
  EXPECT_EQ(pool.kept(), 34 * kMib);
  void* const more = pool.Take(6 * kMib);
  EXPECT_EQ(pool.kept(), 34 * kMib);
  pool.Return(other);
  EXPECT_EQ(pool.kept(), (34 + 46) * kMib);
  void* const last = pool.Take(30 * kMib);
  EXPECT_EQ(pool.kept(), (14 + 46) * kMib);  // the block of 20 is gone
  EXPECT_EQ(pool.Take(14 * kMib), recent);
  for (void* const block : {more, last, recent}) pool.Return(block);
}

TEST(BlockPool, SaysWhereTheSystemHasNone) {
  BlockPool pool;
  EXPECT_EQ(pool.Take(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_EQ(pool.Take(std::size_t{1} << 62), nullptr);
  EXPECT_EQ(pool.in_use(), 0u);
}

long PageFaults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TEST(BlockPool, FillsABlockOnceAlone) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own pages would be counted";
#endif
  BlockPool pool;
  constexpr std::size_t kBytes = 64 * kMib;
  const auto faults = [&] {
    const long before = PageFaults();
    void* const block = pool.Take(kBytes);
    std::memset(block, 1, kBytes);
    pool.Return(block);
    return PageFaults() - before;
  };
  EXPECT_GE(faults(), 32);  // of huge pages; of small ones 16384
  EXPECT_LT(faults(), 8);
}

TEST(BlockPool, ServesThreads) {
  BlockPool pool;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&pool, t] {
      for (std::size_t i = 0; i < 50; ++i) {
        const std::size_t bytes = (2 + 2 * (i % 3)) * kMib;
        auto* const block = static_cast<char*>(pool.Take(bytes));
        ASSERT_NE(block, nullptr);
        block[0] = block[bytes - 1] = static_cast<char>(t);
        std::this_thread::yield();
        EXPECT_EQ(block[0], t);
        EXPECT_EQ(block[bytes - 1], t);
        pool.Return(block);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.in_use(), 0u);
}

}  // namespace
}  // namespace eyechart
