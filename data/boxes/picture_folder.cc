#include "data/boxes/picture_folder.h"

#include <algorithm>
#include <system_error>

#include "data/dataset_kinds.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

// Deep enough for any set, and an end for links that go round.
constexpr int kMaxFolderDepth = 8;

// Files that `wanted` is true of.
template <typename Wanted>
void Walk(const fs::path& folder,
          const std::string& prefix,
          int depth,
          const Wanted& wanted,
          std::vector<std::string>& found) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.')) continue;
    if (entry.is_regular_file(ignored)) {
      if (wanted(entry.path())) found.push_back(prefix + name);
    } else if (depth > 0 && entry.is_directory(ignored)) {
      Walk(entry.path(), prefix + name + '/', depth - 1, wanted, found);
    }
  }
}

}  // namespace

std::vector<std::string> PicturesUnder(const fs::path& folder, bool deep) {
  std::vector<std::string> found;
  Walk(
      folder, "", deep ? kMaxFolderDepth : 0,
      [](const fs::path& file) { return HasPictureExtension(file); }, found);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> FilesUnder(const fs::path& folder,
                                    const std::string& extension) {
  std::vector<std::string> found;
  Walk(
      folder, "", kMaxFolderDepth,
      [&extension](const fs::path& file) {
        return file.extension() == extension;
      },
      found);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> FilesOf(const fs::path& folder,
                              const std::string& extension) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.path().extension() == extension &&
        !entry.path().filename().string().starts_with('.') &&
        entry.is_regular_file(ignored))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> FoldersOf(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && entry.is_directory(ignored))
      found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace eyechart::data::internal
