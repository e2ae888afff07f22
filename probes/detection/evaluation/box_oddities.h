// Boxes that the figures take in, but not as one would think.
#pragma once

#include <cstdint>
#include <string>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

/// The end of COCO's areas, which begin at 0, in square pixels.
inline constexpr double kLargestArea = 1e10;

/// A box where it stands.
struct ListedBox {
  std::int64_t index = 0;   // in its file's list
  std::int32_t image = -1;  // index into Truth::images; -1: none of them
  double x = 0, y = 0, width = 0, height = 0;
  double area = 0;  // decides its size
  ImageExtent picture;
};

/// Whether nothing is odd about a box. Asked of every box of a file, so without
/// a branch of its own.
inline bool IsOrdinary(const ListedBox& b) {
  return (b.width > 0) & (b.height > 0) & (b.x < b.picture.width) &
         (b.y < b.picture.height) & (b.x + b.width > 0) & (b.y + b.height > 0) &
         (b.area >= 0) & (b.area <= kLargestArea);
}

/// How many there are of a kind, and the first.
struct BoxTally {
  std::int64_t count = 0;
  ListedBox first;
};

/// One box may be of several kinds.
struct BoxOddities {
  BoxTally flat;     // width or height not above 0: nothing can overlap it
  BoxTally no_area;  // in none of COCO's areas: not of any size
  BoxTally outside;  // wholly outside a picture whose size is known
  std::int64_t flat_no_area = 0;  // both of the first

  /// Takes in a box that is not ordinary.
  void Add(const ListedBox& box);
  /// Takes in what was found further behind in the file.
  void Append(const BoxOddities& behind);
};

/// For people: "bbox [1, 2, 0, 4]", and of one outside its picture also
/// " in image 7 of 640 x 480".
std::string BoxText(const ListedBox& box);
std::string OutsideText(const ListedBox& box, const ImageIds& images);

}  // namespace eyechart::detection
