#include "probes/detection/evaluation/box_oddities.h"

#include <fmt/format.h>

namespace eyechart::detection {
namespace {

void CountBox(const ListedBox& box, BoxTally& tally) {
  if (tally.count++ == 0) tally.first = box;
}

void AppendTally(const BoxTally& behind, BoxTally& tally) {
  if (tally.count == 0) tally.first = behind.first;
  tally.count += behind.count;
}

}  // namespace

void BoxOddities::Add(const ListedBox& b) {
  const bool is_flat = !(b.width > 0 && b.height > 0);
  const bool has_no_area = !(b.area >= 0 && b.area <= kLargestArea);
  if (is_flat) CountBox(b, flat);
  if (has_no_area) CountBox(b, no_area);
  flat_no_area += is_flat && has_no_area ? 1 : 0;
  // A box without extent lies nowhere.
  if (is_flat || !b.picture.known()) return;
  if (b.x >= b.picture.width || b.y >= b.picture.height || b.x + b.width <= 0 ||
      b.y + b.height <= 0)
    CountBox(b, outside);
}

void BoxOddities::Append(const BoxOddities& behind) {
  AppendTally(behind.flat, flat);
  AppendTally(behind.no_area, no_area);
  AppendTally(behind.outside, outside);
  flat_no_area += behind.flat_no_area;
}

std::string BoxText(const ListedBox& box) {
  return fmt::format("bbox [{}, {}, {}, {}]", box.x, box.y, box.width,
                     box.height);
}

std::string OutsideText(const ListedBox& box, const ImageIds& images) {
  return fmt::format("{} in image {} of {} x {}", BoxText(box),
                     images.Name(static_cast<std::size_t>(box.image)),
                     box.picture.width, box.picture.height);
}

}  // namespace eyechart::detection
