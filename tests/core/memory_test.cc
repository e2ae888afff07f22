#include "core/memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace eyechart {
namespace {

// KiB of this process's own memory.
long AnonymousKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stol(line.substr(8));
  return -1;
}

TEST(ReturnFreedMemory, EmptiesTheGapsBetweenWhatLives) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "another allocator";
#endif
  // Small enough to lie side by side in the heap.
  constexpr std::size_t kBytes = 100000;
  std::vector<std::vector<char>> blocks;
  for (int i = 0; i < 600; ++i) blocks.emplace_back(kBytes, 'x');
  for (std::size_t i = 0; i + 1 < blocks.size(); ++i)
    if (i % 4 != 0) std::vector<char>().swap(blocks[i]);
  const long freed = AnonymousKib();
  ReturnFreedMemory();
  EXPECT_LT(AnonymousKib(), freed - 30000);
  for (std::size_t i = 0; i < blocks.size(); i += 4)
    EXPECT_EQ(blocks[i], std::vector<char>(kBytes, 'x'));
}

}  // namespace
}  // namespace eyechart
