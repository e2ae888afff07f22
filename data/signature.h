// Which picture format a file is, by its first bytes.
#pragma once

#include <string_view>

namespace eyechart::data {

enum class PictureFormat { kUnknown, kJpeg, kPng, kWebp, kBmp, kTiff };

/// Looks at no more than the first 12 bytes.
PictureFormat SniffFormat(std::string_view bytes);

}  // namespace eyechart::data
