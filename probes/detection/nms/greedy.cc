#include "probes/detection/nms/greedy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace eyechart::detection {
namespace {

// Up to so many boxes, all kept ones are looked at: no grid is faster.
constexpr std::size_t kFewBoxes = 48;
// A kept box that covers more cells goes to a list of its own, and a candidate
// whose middle part does looks at all.
constexpr std::int64_t kManyCells = 16;
// Of a cell, in typical sides, and how many boxes come to a slot of the table:
// a kept box lies in two or three cells, whose blocks are about half full.
constexpr double kCellSides = 2;
constexpr std::size_t kBoxesPerSlot = 4;
// Of the float32 formula's rounding (some 1e-6), the cells' own, and room.
constexpr double kRoom = 1e-3;
// Areas so small lose digits, on which the middle part relies.
constexpr float kSmallestArea = 1e-30f;
constexpr double kLargestCell = 1e9;

// iou > threshold in double where iou is float32 is iou > this.
float FloatBelow(double threshold) {
  const auto rounded = static_cast<float>(threshold);
  return double{rounded} > threshold
             ? std::nextafter(rounded, -std::numeric_limits<float>::infinity())
             : rounded;
}

double MarginOf(double threshold) {
  if (!(threshold >= kRoom)) return 0;
  return std::min(threshold, 0.5) * (1 - kRoom);
}

// Whether it can suppress or be suppressed at a threshold of 0 or more. Without
// an inner part nothing is shared, so that IoU is 0 or 0/0; with an infinite
// area, and with NaN, it is 0 or not a number.
bool Active(const BoxArea& box) {
  return box.x1 < box.x2 && box.y1 < box.y2 && box.area > 0 &&
         box.area <= std::numeric_limits<float>::max();
}

// The median of the longer sides of a few boxes.
double TypicalSide(std::span<const float> boxes, std::size_t count) {
  constexpr std::size_t kSample = 63;
  std::array<float, kSample> sides{};
  std::size_t found = 0;
  const std::size_t step = std::max<std::size_t>(count / kSample, 1);
  for (std::size_t i = 0; i < count && found < kSample; i += step) {
    const BoxArea box = WithArea(&boxes[4 * i]);
    if (Active(box))
      sides[found++] = std::max(box.x2 - box.x1, box.y2 - box.y1);
  }
  if (found == 0) return 1;
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(found / 2);
  std::nth_element(sides.begin(), middle,
                   sides.begin() + static_cast<std::ptrdiff_t>(found));
  return *middle;
}

}  // namespace

std::int64_t GreedySuppressor::Cells::count() const {
  return (std::int64_t{x2} - x1 + 1) * (std::int64_t{y2} - y1 + 1);
}

GreedySuppressor::GreedySuppressor(double iou_threshold)
    : iou_threshold_(iou_threshold),
      threshold_(FloatBelow(iou_threshold)),
      margin_(MarginOf(iou_threshold)) {}

void GreedySuppressor::Run(std::span<const float> boxes,
                           std::span<std::uint8_t> kept) {
  if (!(iou_threshold_ >= 0)) return CompareAll(boxes, kept);
  Clear(boxes, kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const BoxArea box = WithArea(&boxes[4 * i]);
    kept[i] = 1;
    if (!Active(box)) continue;
    if (Suppressed(box))
      kept[i] = 0;
    else
      Keep(box);
  }
}

// Below 0, boxes that share nothing suppress each other too.
void GreedySuppressor::CompareAll(std::span<const float> boxes,
                                  std::span<std::uint8_t> kept) {
  std::fill(kept.begin(), kept.end(), std::uint8_t{1});
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] == 0) continue;
    const BoxArea first = WithArea(&boxes[4 * i]);
    for (std::size_t j = i + 1; j < kept.size(); ++j)
      if (Overlaps(first, WithArea(&boxes[4 * j]), iou_threshold_)) kept[j] = 0;
  }
}

void GreedySuppressor::Clear(std::span<const float> boxes, std::size_t count) {
  blocks_.clear();
  all_ = -1;
  wide_ = -1;
  grid_ = count > kFewBoxes;
  if (!grid_) return;
  slots_.assign(std::bit_ceil(count / kBoxesPerSlot), -1);
  per_unit_ = 1 / (kCellSides * TypicalSide(boxes, count));
}

bool GreedySuppressor::Suppressed(const BoxArea& box) const {
  if (!grid_) return OverlapsAny(blocks_, all_, box, threshold_);
  if (box.area < kSmallestArea)
    return OverlapsAny(blocks_, all_, box, threshold_);
  const Cells cells = Covered(box, margin_);
  if (cells.count() > kManyCells)
    return OverlapsAny(blocks_, all_, box, threshold_);
  for (std::int32_t y = cells.y1; y <= cells.y2; ++y)
    for (std::int32_t x = cells.x1; x <= cells.x2; ++x)
      if (OverlapsAny(blocks_, slots_[SlotOf(x, y)], box, threshold_))
        return true;
  return OverlapsAny(blocks_, wide_, box, threshold_);
}

void GreedySuppressor::Keep(const BoxArea& box) {
  AddTo(all_, box);
  if (!grid_) return;
  const Cells cells = Covered(box, 0);
  if (cells.count() > kManyCells || box.area < kSmallestArea)
    return AddTo(wide_, box);
  for (std::int32_t y = cells.y1; y <= cells.y2; ++y)
    for (std::int32_t x = cells.x1; x <= cells.x2; ++x)
      AddTo(slots_[SlotOf(x, y)], box);
}

void GreedySuppressor::AddTo(std::int32_t& first, const BoxArea& box) {
  if (first < 0 ||
      blocks_[static_cast<std::size_t>(first)].used == BoxBlock::kBoxes) {
    blocks_.emplace_back();
    blocks_.back().next = first;
    first = static_cast<std::int32_t>(blocks_.size()) - 1;
  }
  blocks_[static_cast<std::size_t>(first)].Add(box);
}

// Every step rises with its argument, so that ranges of lengths that meet have
// cells in common.
GreedySuppressor::Cells GreedySuppressor::Covered(const BoxArea& box,
                                                  double margin) const {
  const auto cell = [this](double place) {
    return static_cast<std::int32_t>(
        std::floor(std::clamp(place * per_unit_, -kLargestCell, kLargestCell)));
  };
  const double dx = margin * (double{box.x2} - box.x1);
  const double dy = margin * (double{box.y2} - box.y1);
  return {cell(box.x1 + dx), cell(box.y1 + dy), cell(box.x2 - dx),
          cell(box.y2 - dy)};
}

std::size_t GreedySuppressor::SlotOf(std::int32_t x, std::int32_t y) const {
  const auto mixed = static_cast<std::uint32_t>(x) * 0x9e3779b1u ^
                     static_cast<std::uint32_t>(y) * 0x85ebca77u;
  return (mixed ^ (mixed >> 15)) & (slots_.size() - 1);
}

}  // namespace eyechart::detection
