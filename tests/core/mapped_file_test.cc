#include "core/mapped_file.h"

#include <gtest/gtest.h>

#include <cstring>
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
