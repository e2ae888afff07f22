#include "data/split_paths.h"

#include <array>
#include <string>
#include <string_view>

#include "core/error.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 1> kTrain = {"train"};
constexpr std::array<std::string_view, 4> kTest = {"test", "val", "valid",
                                                   "validation"};
constexpr std::array<std::string_view, 1> kIdxTrain = {
    "train-images-idx3-ubyte"};
constexpr std::array<std::string_view, 2> kIdxTest = {"t10k-images-idx3-ubyte",
                                                      "test-images-idx3-ubyte"};

// The first of names + suffix that there is; empty: none.
template <std::size_t kCount>
fs::path First(const fs::path& folder,
               const std::array<std::string_view, kCount>& names,
               std::string_view suffix) {
  for (const std::string_view name : names) {
    fs::path path = folder / (std::string(name) + std::string(suffix));
    // A file "train" is no split, nor is a folder "train.csv".
    if (suffix.empty() ? fs::is_directory(path) : fs::is_regular_file(path))
      return path;
  }
  return {};
}

fs::path FirstIdx(const fs::path& folder, bool train) {
  for (const std::string_view suffix : {"", ".gz"}) {
    for (std::size_t i = 0; i < (train ? kIdxTrain.size() : kIdxTest.size());
         ++i) {
      fs::path path =
          folder / (std::string(train ? kIdxTrain[i] : kIdxTest[i]) +
                    std::string(suffix));
      if (fs::is_regular_file(path)) return path;
    }
  }
  return {};
}

}  // namespace

SplitPaths FindSplits(const fs::path& folder) {
  EYECHART_REQUIRE(fs::exists(folder), "{}: no such data set", folder.string());
  for (const std::string_view suffix : {"", ".csv"}) {
    SplitPaths found{First(folder, kTrain, suffix),
                     First(folder, kTest, suffix)};
    if (!found.train.empty() && !found.test.empty()) return found;
  }
  SplitPaths found{FirstIdx(folder, true), FirstIdx(folder, false)};
  if (!found.train.empty() && !found.test.empty()) return found;
  ThrowInput(
      "{}: no training and test part: there should be subfolders or CSV files "
      "train and test (or val), or IDX files train-images-idx3-ubyte and "
      "t10k-images-idx3-ubyte; --train and --test name others",
      folder.string());
}

}  // namespace eyechart::data
