// Greedy suppression in torchvision's arithmetic, without comparing all pairs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "probes/detection/nms/overlap.h"

namespace eyechart::detection {

/// One class after the other; memory is used again.
///
/// Kept boxes lie in a grid of hashed cells, each in every cell that it covers.
/// A pair with IoU > t shares more than t times the candidate's width and
/// height, so a stretch of that length within it, which meets its middle part
/// [x1 + t w, x2 - t w], or its middle point where t >= 1/2. Only the cells of
/// that part are looked into: one, mostly. What is looked at is decided by the
/// whole formula, so the result is that of comparing all pairs.
class GreedySuppressor {
 public:
  explicit GreedySuppressor(double iou_threshold);

  /// boxes: rows of four corners, best first. Sets kept[i] to 1 where box i
  /// stays, else to 0.
  void Run(std::span<const float> boxes, std::span<std::uint8_t> kept);

 private:
  struct Cells {
    std::int32_t x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // inclusive
    std::int64_t count() const;
  };

  void CompareAll(std::span<const float> boxes, std::span<std::uint8_t> kept);
  void Clear(std::span<const float> boxes, std::size_t count);
  bool Suppressed(const BoxArea& box) const;
  void Keep(const BoxArea& box);
  void AddTo(std::int32_t& first, const BoxArea& box);
  Cells Covered(const BoxArea& box, double margin) const;
  std::size_t SlotOf(std::int32_t x, std::int32_t y) const;

  const double iou_threshold_;
  const float threshold_;  // the largest float32 that is not above it
  const double margin_;    // of a box's sides, on each end
  double per_unit_ = 0;    // cells a unit of length
  bool grid_ = false;      // else all kept boxes are looked at
  std::vector<BoxBlock> blocks_;
  std::int32_t all_ = -1;            // every kept box that can suppress
  std::int32_t wide_ = -1;           // those that are in no cell
  std::vector<std::int32_t> slots_;  // first blocks, by hash
};

}  // namespace eyechart::detection
