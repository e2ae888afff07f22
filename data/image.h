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

}  // namespace eyechart::data
