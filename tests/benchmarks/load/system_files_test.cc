#include "benchmarks/load/system_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "tests/fixture.h"

namespace {

std::atomic<std::size_t> largest_allocation = 0;

}  // namespace

// This program's own, which remember the largest.
void* operator new(std::size_t size) {
  std::size_t known = largest_allocation;
  while (known < size &&
         !largest_allocation.compare_exchange_weak(known, size)) {
  }
  void* memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace eyechart::benchmarks {
namespace {

using testing::TempFolder;
using testing::WriteText;

class SystemFilesTest : public ::testing::Test {
 protected:
  const TempFolder root_;
  const SystemFiles files_{root_.path()};
};

TEST_F(SystemFilesTest, ReadsFilesOfAnySizeUpToTheMost) {
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 12288, 100'000}) {
    WriteText(root_ / "file", std::string(size, 'x') + " \n");
    EXPECT_EQ(files_.Text("file"), std::string(size, 'x')) << size;
  }
  const std::size_t most = std::size_t{1} << 20;
  WriteText(root_ / "file", std::string(most + 5, 'x'));
  EXPECT_EQ(files_.Text("file").value().size(), most);
  EXPECT_FALSE(files_.Text("none").has_value());
  EXPECT_FALSE(files_.Text(".").has_value());
}

TEST_F(SystemFilesTest, TakesTheFirstLineOfAKey) {
  WriteText(root_ / "status", "Name:\ta: b\nPid:\t7\n odd\nPid:\t8\nEmpty:\n");
  EXPECT_EQ(files_.Value("status", "Name"), "a: b");
  EXPECT_EQ(files_.Value("status", "Pid"), "7");
  EXPECT_EQ(files_.Value("status", "Empty"), "");
  EXPECT_FALSE(files_.Value("status", "odd").has_value());
  EXPECT_FALSE(files_.Value("none", "Pid").has_value());
  EXPECT_EQ(files_.Values("status", "Pid"),
            (std::vector<std::string>{"7", "8"}));
}

// A GPU is looked at while queries are timed, with such a file a process.
TEST_F(SystemFilesTest, TakesNoMoreMemoryThanAFileNeeds) {
  WriteText(root_ / "status", "PPid:\t7\n");
  largest_allocation = 0;
  EXPECT_EQ(files_.Text("status"), "PPid:\t7");
  EXPECT_LE(largest_allocation, 16384u);
  // Of a long one the line alone.
  WriteText(root_ / "long", "PPid:\t7\n" + std::string(300'000, 'x'));
  largest_allocation = 0;
  EXPECT_EQ(files_.Value("long", "PPid"), "7");
  EXPECT_LE(largest_allocation, 16384u);
}

}  // namespace
}  // namespace eyechart::benchmarks
