// A data set of picture files that the caller names.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace eyechart::data {

/// Pictures at `items`' paths under `root`; `source`, the file that lists them,
/// is named in errors. Throws InputError for an empty list, repeated ids and
/// paths that leave `root`.
std::unique_ptr<Dataset> PictureList(std::string name,
                                     std::string source,
                                     std::filesystem::path root,
                                     std::vector<Item> items);

}  // namespace eyechart::data
