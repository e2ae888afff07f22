// Which picture format a file is, by its first bytes.
#pragma once

#include <filesystem>
#include <string_view>

namespace eyechart::data {

enum class PictureFormat { kUnknown, kJpeg, kPng, kWebp, kBmp, kTiff };

/// Looks at no more than the first 12 bytes.
PictureFormat SniffFormat(std::string_view bytes);

/// The same of a file. kUnknown for one that cannot be read.
PictureFormat SniffFile(const std::filesystem::path& path);

}  // namespace eyechart::data
