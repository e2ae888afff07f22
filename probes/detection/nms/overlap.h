// The one question of torchvision's NMS: does a box overlap with any of these
// by more than a threshold?
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace eyechart::detection {

/// A box with its area, as torchvision computes it.
struct BoxArea {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float area = 0;  // (x2 - x1) * (y2 - y1) in float32
};

inline BoxArea WithArea(const float* corners) {
  return {corners[0], corners[1], corners[2], corners[3],
          (corners[2] - corners[0]) * (corners[3] - corners[1])};
}

/// Eight boxes in columns, and where more of them are. Places that are not in
/// use hold a box of zeros, which overlaps with nothing.
struct BoxBlock {
  static constexpr int kBoxes = 8;
  alignas(32) std::array<float, kBoxes> x1{}, y1{}, x2{}, y2{}, area{};
  std::int32_t next = -1;  // the block that follows in its list, -1: none
  std::int32_t used = 0;

  void Add(const BoxArea& box);
};

/// Whether IoU > threshold with any box of the list that begins at `first` in
/// `blocks` (-1: an empty one). In float32, in torchvision's order: w * h over
/// (kept area + area - w * h). `threshold` is not negative.
bool OverlapsAny(const std::vector<BoxBlock>& blocks,
                 std::int32_t first,
                 const BoxArea& box,
                 float threshold);

/// The same of one pair, for any threshold and any float, NaN included.
bool Overlaps(const BoxArea& kept, const BoxArea& box, double threshold);

}  // namespace eyechart::detection
