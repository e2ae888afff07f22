// How large a picture is, from its header alone.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "data/decode.h"

namespace eyechart::data {

/// The size in pixels that the header of a JPEG, PNG, WebP, BMP or TIFF file
/// gives, orientation tags not applied but for TIFF, as Decode does; nothing
/// where the bytes are none of these, are cut off before the size, or say a
/// side of 0 or of more than 2^31 - 1.
/// Source: the formats' specifications.
std::optional<PictureSize> PictureSizeOf(std::string_view bytes);

/// The same of a file, of which only the pages needed are read; nothing also
/// where it cannot be opened.
std::optional<PictureSize> ReadPictureSize(const std::filesystem::path& path);

}  // namespace eyechart::data
