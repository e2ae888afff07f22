// Overlap of two boxes.
#pragma once

#include <algorithm>

namespace eyechart::detection {

struct Box {
  double x, y, width, height;
};

/// Intersection over union as maskApi.c has it: no pixel added, 0 where the
/// boxes do not overlap; of a crowd the part of `found` that is inside. To be
/// compiled without contraction (-ffp-contract=off): one rounding less turns an
/// overlap that lies on a threshold. NaN where areas overflow.
inline double BoxIou(const Box& found, const Box& truth, bool crowd) {
  const double width = std::min(found.width + found.x, truth.width + truth.x) -
                       std::max(found.x, truth.x);
  if (width <= 0) return 0;
  const double height =
      std::min(found.height + found.y, truth.height + truth.y) -
      std::max(found.y, truth.y);
  if (height <= 0) return 0;
  const double both = width * height;
  const double area = found.width * found.height;
  const double all = crowd ? area : area + truth.width * truth.height - both;
  return both / all;
}

}  // namespace eyechart::detection
