// Files of a folder, for the kinds whose set is what lies there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace eyechart::data::internal {

/// Relative paths, with '/', of the pictures under `folder`, in byte order;
/// `deep` also those in subfolders. Names that begin with a dot are left out. A
/// folder that cannot be listed has none.
std::vector<std::string> PicturesUnder(const std::filesystem::path& folder,
                                       bool deep);

/// The same of files with the extension, in subfolders too.
std::vector<std::string> FilesUnder(const std::filesystem::path& folder,
                                    const std::string& extension);

/// Paths of the files of `folder` with the extension, in byte order.
std::vector<std::filesystem::path> FilesOf(const std::filesystem::path& folder,
                                           const std::string& extension);

/// Names of the subfolders, in byte order, but for those that begin with a dot.
std::vector<std::string> FoldersOf(const std::filesystem::path& folder);

}  // namespace eyechart::data::internal
