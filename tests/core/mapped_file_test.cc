#include "core/mapped_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <utility>

#include "tests/fixture.h"

namespace eyechart {
namespace {

TEST(MappedFile, ShowsTheContentAndMoves) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "f", "hello");
  MappedFile file(folder / "f");
  MappedFile other = std::move(file);
  EXPECT_EQ(file.size(), 0u);
  ASSERT_EQ(other.size(), 5u);
  EXPECT_EQ(std::memcmp(other.bytes().data(), "hello", 5), 0);
}

// KiB of mapped files in this process's memory.
long MappedKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  return -1;
}

TEST(MappedFile, LetsGoOfWhatWasRead) {
  const testing::TempFolder folder;
  const std::string content(8 << 20, 'x');
  testing::WriteText(folder / "f", content);
  const MappedFile file(folder / "f");
  const auto same = [&] {
    return std::memcmp(file.bytes().data(), content.data(), content.size()) ==
           0;
  };
  EXPECT_TRUE(same());
  const long read = MappedKib();
  ASSERT_GE(read, 8 << 10);
  file.Release(file.bytes().subspan(1, content.size() - 2));
  EXPECT_LT(MappedKib(), read - (7 << 10));
  EXPECT_TRUE(same());
  file.Release({});
  // Memory of others is not the map's to let go of.
  const std::string other(1 << 20, 'y');
  file.Release(std::as_bytes(std::span(other)));
  EXPECT_EQ(other, std::string(1 << 20, 'y'));
}

TEST(MappedFile, TakesAnEmptyFileAndRefusesAFolder) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "empty", "");
  EXPECT_EQ(MappedFile(folder / "empty").size(), 0u);
  EXPECT_NE(testing::InputErrorOf([&] {
              MappedFile file(folder.path());
            }).find("not a regular file"),
            std::string::npos);
  EXPECT_NE(testing::InputErrorOf([&] { MappedFile file(folder / "none"); }),
            "");
}

}  // namespace
}  // namespace eyechart
