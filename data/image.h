// A decoded picture.
#pragma once

#include <cstdint>
#include <vector>

namespace eyechart::data {

/// 8-bit RGB, rows top to bottom, interleaved: pixels[(y * width + x) * 3 + c].
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

/// A part of an image, in pixels from its first corner; fractions are meant.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

/// All of it.
inline Box WholeOf(const Image& image) {
  return {0, 0, static_cast<double>(image.width),
          static_cast<double>(image.height)};
}

}  // namespace eyechart::data
