// Reads the kernel's small text files, under a root that tests can make up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::benchmarks {

class SystemFiles {
 public:
  explicit SystemFiles(std::filesystem::path root = "/")
      : root_(std::move(root)) {}

  /// Up to 1 MiB of the file at `path` (relative to the root) without blanks at
  /// its end; none where it cannot be read.
  std::optional<std::string> Text(const std::string& path) const;
  /// The whole file as one whole number.
  std::optional<std::int64_t> Number(const std::string& path) const;
  /// What stands behind "key" and a colon, of the first such line; what follows
  /// is not read.
  std::optional<std::string> Value(const std::string& path,
                                   std::string_view key) const;
  /// The same of every such line.
  std::vector<std::string> Values(const std::string& path,
                                  std::string_view key) const;
  /// Names in `folder` that are `prefix` and a number, by that number.
  std::vector<std::string> Numbered(const std::string& folder,
                                    const std::string& prefix) const;
  /// Where a cgroup's file of `controller` may lie, the group's own first, then
  /// its parents': limits of all of them hold. `v2_name` and `v1_name` are the
  /// file's names in both versions.
  std::vector<std::string> CgroupFiles(std::string_view controller,
                                       const std::string& v2_name,
                                       const std::string& v1_name) const;

  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

/// Fields between blanks.
std::vector<std::string> Fields(std::string_view text);

/// How many numbers a list like "0-3,8" names; 0 of what is no such list.
std::int64_t CountOfList(std::string_view list);

}  // namespace eyechart::benchmarks
