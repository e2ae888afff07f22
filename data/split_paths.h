// Where the training and the test part of a data set lie.
#pragma once

#include <filesystem>

namespace eyechart::data {

struct SplitPaths {
  std::filesystem::path train;
  std::filesystem::path test;
};

/// The two parts of `folder`: subfolders or CSV files called train and test (or
/// val, valid, validation, where there is no test), or MNIST's IDX files,
/// train-images-idx3-ubyte and t10k-images-idx3-ubyte, plain or gzipped. Throws
/// InputError naming what was looked for.
SplitPaths FindSplits(const std::filesystem::path& folder);

}  // namespace eyechart::data
