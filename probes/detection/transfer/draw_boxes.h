// Boxes drawn on pictures.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"
#include "probes/detection/transfer/canvas.h"

namespace eyechart::detection {

struct DrawnBox {
  Corners corners{};  // pixels of the picture
  std::string label;  // stands at the box's upper left corner; may be empty
  int colour = 0;     // the same number, the same colour
  bool thin = false;  // a truth beside what was found
};

/// Draws the boxes on `image`, the first on top. Lines are as wide as the
/// picture asks for, each with a dark rim, so that it shows on every ground.
void DrawBoxes(data::Image& image, const std::vector<DrawnBox>& boxes);

}  // namespace eyechart::detection
