#include "data/scenes/mask_outline.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace eyechart::scenes {
namespace {

struct Mask {
  std::vector<std::uint8_t> inside;
  int width;
  int height;
  bool At(int x, int y) const {
    return x >= 0 && y >= 0 && x < width && y < height &&
           inside[static_cast<std::size_t>(y) * width + x] != 0;
  }
};

// Pixels of the part that holds (x, y); takes them out of `left`.
std::int64_t Flood(Mask& left, Mask& part, int x, int y) {
  std::vector<std::array<int, 2>> stack = {{x, y}};
  std::int64_t count = 0;
  while (!stack.empty()) {
    const auto [px, py] = stack.back();
    stack.pop_back();
    if (!left.At(px, py)) continue;
    const std::size_t at = static_cast<std::size_t>(py) * left.width + px;
    left.inside[at] = 0;
    part.inside[at] = 1;
    ++count;
    stack.push_back({px - 1, py});
    stack.push_back({px + 1, py});
    stack.push_back({px, py - 1});
    stack.push_back({px, py + 1});
  }
  return count;
}

// Walks along pixel edges with the part on the right hand, from the upper left
// corner of its first pixel. Where two of its pixels touch by a corner alone it
// turns right, so that it stays on one part.
std::vector<double> Walk(const Mask& part, int start_x, int start_y) {
  constexpr int kDx[] = {1, 0, -1, 0};
  constexpr int kDy[] = {0, 1, 0, -1};
  std::vector<double> polygon;
  int x = start_x;
  int y = start_y;
  int heading = 0;
  do {
    polygon.push_back(x);
    polygon.push_back(y);
    // Straight on while there is a pixel on the right and none on the left.
    while (true) {
      x += kDx[heading];
      y += kDy[heading];
      // The pixels ahead of the corner (x, y): to the right, to the left.
      const int rx = x + (heading == 0 || heading == 3 ? 0 : -1);
      const int ry = y + (heading == 0 || heading == 1 ? 0 : -1);
      const int left = (heading + 3) % 4;
      const int lx = rx + kDx[left];
      const int ly = ry + kDy[left];
      if (!part.At(rx, ry)) {
        heading = (heading + 1) % 4;
        break;
      }
      if (part.At(lx, ly)) {
        heading = left;
        break;
      }
    }
  } while (x != start_x || y != start_y || heading != 0);
  return polygon;
}

}  // namespace

MaskOutline OutlineOf(std::span<const std::uint8_t> owners,
                      int width,
                      std::uint8_t owner,
                      int min_part) {
  MaskOutline outline;
  const int height = static_cast<int>(owners.size()) / std::max(1, width);
  Mask left{std::vector<std::uint8_t>(owners.size()), width, height};
  int min_x = width;
  int min_y = height;
  int max_x = -1;
  int max_y = -1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * width + x;
      if (owners[at] != owner) continue;
      left.inside[at] = 1;
      ++outline.area;
      min_x = std::min(min_x, x);
      max_x = std::max(max_x, x);
      min_y = std::min(min_y, y);
      max_y = std::max(max_y, y);
    }
  }
  if (outline.area == 0) return outline;
  outline.box = {static_cast<double>(min_x), static_cast<double>(min_y),
                 max_x + 1.0, max_y + 1.0};
  for (int y = min_y; y <= max_y; ++y) {
    for (int x = min_x; x <= max_x; ++x) {
      if (!left.At(x, y)) continue;
      Mask part{std::vector<std::uint8_t>(owners.size()), width, height};
      if (Flood(left, part, x, y) >= min_part)
        outline.polygons.push_back(Walk(part, x, y));
    }
  }
  return outline;
}

}  // namespace eyechart::scenes
