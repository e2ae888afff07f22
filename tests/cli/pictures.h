// Made pictures for tests of the command line.
#pragma once

#include <filesystem>

namespace eyechart::testing {

/// Writes a JPEG or PNG (by the extension) of random rectangles from `seed`.
void WritePicture(const std::filesystem::path& path, unsigned seed);

/// `count` pictures 000.jpg, 001.jpg, ... in `folder`.
void WritePictures(const std::filesystem::path& folder, int count);

}  // namespace eyechart::testing
