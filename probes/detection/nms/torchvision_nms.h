// Suppression as torchvision's; nms.h is the way in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "probes/detection/nms/nms.h"

namespace eyechart::detection {

/// Of candidates in descending order of score (`order`, indices of the rows of
/// `boxes` and of `classes`), those that stay, in that order.
std::vector<std::int64_t> TorchvisionNms(std::span<const float> boxes,
                                         std::span<const std::int64_t> classes,
                                         std::span<const std::uint32_t> order,
                                         const NmsOptions& options);

}  // namespace eyechart::detection
