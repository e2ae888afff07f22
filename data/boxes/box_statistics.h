// What a part of a detection set holds, in numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/boxes/box_dataset.h"

namespace eyechart::data {

struct BoxStatistics {
  std::string split;
  std::string source;
  std::int64_t images = 0;
  std::int64_t images_without_boxes = 0;
  std::int64_t boxes = 0;      // crowds and degenerate ones too
  std::int64_t crowds = 0;     // of these
  std::int64_t trainable = 0;  // no crowd, and TrainingBox has a part of it
  // By category, in the set's order.
  std::vector<std::int64_t> boxes_of_category;
  std::vector<std::int64_t> images_of_category;
  // By area in pixels as COCO cuts: below 32^2, below 96^2, the rest. (An area
  // on a cut is in both sizes to COCO's evaluation; here it is in the larger.)
  std::int64_t small = 0;
  std::int64_t medium = 0;
  std::int64_t large = 0;
  /// Boxes a picture: minimum, quartiles and maximum, each the smallest count
  /// that at least that share of the pictures does not exceed.
  std::array<std::int64_t, 5> boxes_an_image{};
};

BoxStatistics StatisticsOf(const BoxDataset& dataset);

}  // namespace eyechart::data
