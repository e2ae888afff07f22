// One picture's boxes in YOLO's text format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/boxes/row_fault.h"

namespace eyechart::data::internal {

struct YoloBox {
  std::size_t category = 0;
  // As shares of the picture's width and height; may be "nan".
  double center_x = 0, center_y = 0, width = 0, height = 0;
  bool polygon = false;    // the bounding box of an outline
  bool keypoints = false;  // it had keypoints behind it
  std::size_t line = 0;    // from 1
};

struct YoloLabels {
  std::vector<YoloBox> boxes;
  std::vector<RowFault> faults;  // of the lines that are none, in their order
};

/// Lines of "class cx cy w h", or "class x1 y1 x2 y2 x3 y3 ...", an outline of
/// three or more points. With `keypoint_numbers` a line is the five of a box
/// and as many more, which are left out. Lines end with LF, CR LF or CR. A line
/// with a class outside 0 ... classes - 1, text that is no number, or another
/// count of numbers is a fault that names `source`, line and value.
YoloLabels ParseYoloLabels(std::string_view text,
                           std::size_t classes,
                           const std::string& source,
                           std::size_t keypoint_numbers = 0);

}  // namespace eyechart::data::internal
