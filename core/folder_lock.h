// One process at a time in a folder.
#pragma once

#include <filesystem>

namespace eyechart {

/// An advisory lock (flock) on a folder, which is made if need be; held until
/// destruction and freed by the kernel when the process dies. Waits while
/// another process holds it. A folder that was renamed away while we waited is
/// made anew and locked.
class FolderLock {
 public:
  /// Throws InputError if the folder cannot be made or locked, Interrupted if a
  /// signal comes while waiting.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace eyechart
