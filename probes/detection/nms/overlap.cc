// Compiled without contraction to fused multiply-adds: they round once where
// torchvision rounds twice.
#include "probes/detection/nms/overlap.h"

#include <algorithm>

// The build is for any x86-64; the loop below is compiled for newer processors
// too, and the best is taken when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define EYECHART_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define EYECHART_CLONES
#endif

namespace eyechart::detection {
namespace {

// Operands stand in torchvision's order, which decides what NaN becomes:
// std::max(a, b) is a unless a < b, std::min(a, b) is a unless b < a.
inline float IntersectionOverUnion(const BoxArea& kept, const BoxArea& box) {
  const float left = std::max(kept.x1, box.x1);
  const float top = std::max(kept.y1, box.y1);
  const float right = std::min(kept.x2, box.x2);
  const float bottom = std::min(kept.y2, box.y2);
  const float width = std::max(0.0f, right - left);
  const float height = std::max(0.0f, bottom - top);
  const float shared = width * height;
  return shared / (kept.area + box.area - shared);
}

EYECHART_CLONES
bool AnyInList(const BoxBlock* blocks,
               std::int32_t index,
               float x1,
               float y1,
               float x2,
               float y2,
               float area,
               float threshold) {
  while (index >= 0) {
    const BoxBlock& block = blocks[index];
    int above = 0;
    for (std::size_t i = 0; i < BoxBlock::kBoxes; ++i) {
      const float iou = IntersectionOverUnion(
          {block.x1[i], block.y1[i], block.x2[i], block.y2[i], block.area[i]},
          {x1, y1, x2, y2, area});
      above |= iou > threshold ? 1 : 0;
    }
    if (above != 0) return true;
    index = block.next;
  }
  return false;
}

}  // namespace

void BoxBlock::Add(const BoxArea& box) {
  const auto i = static_cast<std::size_t>(used++);
  x1[i] = box.x1;
  y1[i] = box.y1;
  x2[i] = box.x2;
  y2[i] = box.y2;
  area[i] = box.area;
}

bool OverlapsAny(const std::vector<BoxBlock>& blocks,
                 std::int32_t first,
                 const BoxArea& box,
                 float threshold) {
  return AnyInList(blocks.data(), first, box.x1, box.y1, box.x2, box.y2,
                   box.area, threshold);
}

bool Overlaps(const BoxArea& kept, const BoxArea& box, double threshold) {
  return IntersectionOverUnion(kept, box) > threshold;
}

}  // namespace eyechart::detection
