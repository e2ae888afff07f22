// Files: whole reads, writes that appear whole or not at all, safe joins.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace eyechart {

/// The file's content. Throws InputError if it cannot be read or is larger than
/// `max_bytes` (a guard against being pointed at a disk image; default 4 GiB).
std::string ReadFile(const std::filesystem::path& path,
                     std::uintmax_t max_bytes = std::uintmax_t{1} << 32);

/// Writes beside `path`, flushes to disk and renames over it: a reader sees the
/// old content or the new, never a part. Throws InputError on failure.
void WriteFileAtomic(const std::filesystem::path& path,
                     std::string_view content);

/// Flushes a file's or a folder's content to the disk.
void SyncToDisk(const std::filesystem::path& path);

/// Creates `folder` with its parents. Throws InputError if that fails or if it
/// cannot be written to.
void CreateFolder(const std::filesystem::path& folder);

/// Joins `relative` to `root`. Throws InputError if `relative` is absolute or
/// climbs out of the root through "..": manifests are untrusted.
/// `source` is named in the error.
std::filesystem::path SafeJoin(const std::filesystem::path& root,
                               const std::string& relative,
                               const std::string& source);

}  // namespace eyechart
