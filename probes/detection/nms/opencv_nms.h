// Suppression as OpenCV's; nms.h is the way in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "probes/detection/nms/nms.h"

namespace eyechart::detection {

/// cv::Rect2d: x, y, width, height in double.
struct DoubleRect {
  double x = 0, y = 0, width = 0, height = 0;
};

/// Of corners x1, y1, x2, y2.
DoubleRect RectOf(const float* corners);

/// 1 - float(jaccardDistance(a, b)) of OpenCV 4.6, of a candidate and a kept
/// box: 1 where both areas together are at most 2.2e-16, NaN where they are
/// not numbers.
float RectOverlap(const DoubleRect& a, const DoubleRect& b);

/// As TorchvisionNms (torchvision_nms.h). All rows of `boxes` count for the
/// largest coordinate of kOffset, candidates or not.
std::vector<std::int64_t> OpenCvNms(std::span<const float> boxes,
                                    std::span<const std::int64_t> classes,
                                    std::span<const std::uint32_t> order,
                                    const NmsOptions& options);

}  // namespace eyechart::detection
