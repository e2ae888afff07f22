// A folder for what nobody asked to keep.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

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

/// Where something is measured: the folder that was asked for, or with "" a
/// scratch folder.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& out) {
    if (out.empty())
      path_ = scratch_.emplace().path();
    else
      path_ = out;
  }
  const std::filesystem::path& path() const { return path_; }
  bool kept() const { return !scratch_; }

 private:
  std::optional<ScratchFolder> scratch_;
  std::filesystem::path path_;
};

}  // namespace eyechart::cli
