#include "core/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::InputErrorOf;
using testing::TempFolder;

TEST(WriteFileAtomic, ReplacesWholeAndLeavesNothingBeside) {
  const TempFolder folder;
  WriteFileAtomic(folder / "a", "first, and longer");
  WriteFileAtomic(folder / "a", "second");
  EXPECT_EQ(ReadFile(folder / "a"), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()),
                          fs::directory_iterator()),
            1);
}

TEST(ReadFile, NamesWhatIsWrong) {
  const TempFolder folder;
  const auto error = [&](const fs::path& path) {
    return InputErrorOf([&] { ReadFile(path, 4); });
  };
  EXPECT_NE(error(folder / "none").find("no such file"), std::string::npos);
  EXPECT_NE(error(folder.path()).find("is a folder"), std::string::npos);
  WriteFileAtomic(folder / "long", "12345");
  EXPECT_NE(error(folder / "long").find("5 bytes"), std::string::npos);
}

TEST(CreateFolder, RefusesWhereAFileIsInTheWay) {
  const TempFolder folder;
  CreateFolder(folder / "a/b/c");
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
  WriteFileAtomic(folder / "file", "");
  EXPECT_NE(InputErrorOf([&] { CreateFolder(folder / "file/b"); }), "");
  EXPECT_NE(InputErrorOf([&] { CreateFolder(folder / "file"); }), "");
}

TEST(CreateFolder, RefusesWhatCannotBeWrittenTo) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TempFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const std::string inside = InputErrorOf([&] { CreateFolder(folder / "x"); });
  const std::string itself = InputErrorOf([&] { CreateFolder(folder.path()); });
  fs::permissions(folder.path(), fs::perms::owner_all);
  EXPECT_NE(inside, "");
  EXPECT_NE(itself.find("cannot be written to"), std::string::npos) << itself;
}

TEST(SafeJoin, KeepsPathsUnderTheirRoot) {
  EXPECT_EQ(SafeJoin("root", "a/b.jpg", "m"), fs::path("root/a/b.jpg"));
  EXPECT_EQ(SafeJoin("root", "a/../b", "m"), fs::path("root/a/../b"));
  for (const char* bad : {"../b", "a/../../b", "/etc/passwd", "", "./../x"}) {
    const std::string error = InputErrorOf([&] { SafeJoin("root", bad, "m"); });
    EXPECT_EQ(error.rfind("m: ", 0), 0u) << bad << ": " << error;
  }
  EXPECT_NE(InputErrorOf([] { SafeJoin("root", std::string("a\0b", 3), "m"); }),
            "");
}

}  // namespace
}  // namespace eyechart
