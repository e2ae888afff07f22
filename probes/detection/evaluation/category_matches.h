// Which detections of one category found a ground truth.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

struct EvaluationOptions;

/// Bit t: so it is at IoU threshold t. What is in neither set is ignored.
struct Outcome {
  std::uint64_t hit = 0;
  std::uint64_t false_alarm = 0;
};

/// The detections of a category that count (the best of each image), by
/// descending score, then image, then rank: the order of accumulation.
struct CategoryMatches {
  std::vector<std::uint32_t> detection;  // index into Detections
  std::vector<std::uint32_t> image;
  std::vector<std::uint8_t> level;     // first number of detections with it
  std::vector<std::uint32_t> outside;  // bit a: its own area is not in area a
  /// Where its outcomes stand, in units of the areas; -1: it overlaps nothing
  /// enough, a false alarm in the areas that it is inside of.
  std::vector<std::int32_t> entry;
  std::vector<Outcome> outcomes;  // [entries][A]
  // Ground truths, by image.
  std::vector<std::uint32_t> truth_image;
  std::vector<std::uint32_t> truth_ignored;  // bit a: not to be found in area a
};

/// The truths of one category: indices, by image, in pycocotools' order.
using TruthList = std::vector<std::uint32_t>;

/// Memory that a thread uses again and again. `images` elements each.
class MatchScratch {
 public:
  explicit MatchScratch(std::size_t images)
      : count(images, 0), group(images, -1), cursor(images, 0) {}

  struct Keyed {
    std::uint64_t key;  // ascending: the score descending
    std::uint32_t image;
    std::uint32_t detection;
  };
  std::vector<std::uint32_t> count;  // all 0 between uses
  std::vector<std::int32_t> group;   // all -1 between uses
  std::vector<std::uint32_t> cursor;
  std::vector<Keyed> keyed, other;
};

/// Matches the detections in `mine` (input order) with `truths`. `options` are
/// checked and sorted.
CategoryMatches MatchCategory(const Truth& truth,
                              const TruthList& truths,
                              const Detections& detections,
                              std::span<const std::uint32_t> mine,
                              const EvaluationOptions& options,
                              MatchScratch& scratch);

}  // namespace eyechart::detection
