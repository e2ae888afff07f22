// The exact outline of some pixels, for COCO's boxes and polygons.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/image.h"

namespace eyechart::scenes {

/// Pixels that belong together, in pixel coordinates (a pixel's left edge is
/// its column).
struct MaskOutline {
  data::Box box;          // around the pixels, exact
  std::int64_t area = 0;  // pixels
  /// Outer outlines, one a connected part (4-neighbours): x, y, x, y, ... along
  /// pixel edges, without repeating the first corner. Holes are not cut out.
  std::vector<std::vector<double>> polygons;
};

/// The pixels of `owners` (row-major, `width` a row) that equal `owner`. Empty,
/// with area 0, where there is none. Parts of fewer than `min_part` pixels,
/// slivers beside something in front, get no polygon.
MaskOutline OutlineOf(std::span<const std::uint8_t> owners,
                      int width,
                      std::uint8_t owner,
                      int min_part = 4);

}  // namespace eyechart::scenes
