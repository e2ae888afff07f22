// A folder for what nobody asked to keep.
#pragma once

#include <filesystem>

namespace eyechart::cli {

/// A new temporary folder, removed with all that is in it at the end. Throws
/// InputError where none can be made.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace eyechart::cli
