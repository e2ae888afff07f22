#include "core/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::TempFolder;

TEST(FolderLock, LetsOneInAtATime) {
  const TempFolder folder;
  const auto path = folder / "work";
  std::atomic<int> inside = 0;
  std::atomic<bool> crowded = false;
  const auto enter = [&] {
    for (int i = 0; i < 20; ++i) {
      const FolderLock lock(path);
      if (++inside > 1) crowded = true;
      std::this_thread::yield();
      --inside;
    }
  };
  std::thread a(enter);
  std::thread b(enter);
  a.join();
  b.join();
  EXPECT_FALSE(crowded);
}

TEST(FolderLock, TakesTheNewFolderWhereTheOldWasRenamedAway) {
  const TempFolder folder;
  const auto path = folder / "work";
  auto first = std::make_unique<FolderLock>(path);
  std::thread waiter([&] {
    const FolderLock second(path);
    EXPECT_TRUE(std::filesystem::is_directory(path));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::filesystem::rename(path, folder / "done");
  first.reset();
  waiter.join();
}

TEST(FolderLock, IsFreedWhenItsProcessDies) {
  const TempFolder folder;
  const auto path = folder / "work";
  const pid_t child = fork();
  if (child == 0) {
    const FolderLock lock(path);
    _exit(0);  // no destructor runs
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const FolderLock lock(path);  // would hang
}

}  // namespace
}  // namespace eyechart
