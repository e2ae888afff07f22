#include "data/split_paths.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;
using testing::WriteText;

TEST(FindSplits, PrefersSubfoldersThenCsvThenIdx) {
  const TempFolder folder;
  WriteText(folder / "train-images-idx3-ubyte.gz", "x");
  WriteText(folder / "t10k-images-idx3-ubyte", "x");
  EXPECT_EQ(FindSplits(folder.path()).train,
            folder / "train-images-idx3-ubyte.gz");
  EXPECT_EQ(FindSplits(folder.path()).test, folder / "t10k-images-idx3-ubyte");
  WriteText(folder / "train.csv", "path\n");
  WriteText(folder / "val.csv", "path\n");
  EXPECT_EQ(FindSplits(folder.path()).test, folder / "val.csv");
  fs::create_directories(folder / "train");
  fs::create_directories(folder / "valid");
  EXPECT_EQ(FindSplits(folder.path()).train, folder / "train");
  EXPECT_EQ(FindSplits(folder.path()).test, folder / "valid");
  fs::create_directories(folder / "test");
  EXPECT_EQ(FindSplits(folder.path()).test, folder / "test");
}

TEST(FindSplits, SaysWhatItLookedFor) {
  const TempFolder folder;
  fs::create_directories(folder / "train");
  WriteText(folder / "test", "a file, no folder");
  const std::string error =
      testing::InputErrorOf([&] { FindSplits(folder.path()); });
  EXPECT_NE(error.find("train-images-idx3-ubyte"), std::string::npos) << error;
  EXPECT_NE(error.find("--train and --test"), std::string::npos) << error;
  EXPECT_NE(testing::InputErrorOf([&] {
              FindSplits(folder / "no");
            }).find("no such data set"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::data
