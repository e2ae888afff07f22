// How Meta's own release names DINOv2's tensors.
#pragma once

#include <span>
#include <string>

#include "encoders/foreign_model.h"
#include "encoders/key_map.h"

namespace eyechart::encoders {

std::span<const KeyLayout> Dinov2Layouts();

/// Sizes from the shapes; heads are 64 wide in all of that release. Pictures
/// are resized to 256, cropped to 224 and normalised as ImageNet's are.
ForeignModel DescribeMetaDinov2(const TensorShapes& shapes,
                                const std::string& source);

}  // namespace eyechart::encoders
